#include "driver/command/application.h"

int main(int argc, char** argv) { return tenancy::driver::run_application(argc, argv); }
