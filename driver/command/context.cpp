#include "driver/command/context.h"

#include <filesystem>

namespace tenancy::driver {

const Configuration& Context::configuration() {
  if (!configuration_) {
    configuration_ = Configuration::load(flags_, process_variable, std::filesystem::current_path());
  }
  return *configuration_;
}

}  // namespace tenancy::driver
