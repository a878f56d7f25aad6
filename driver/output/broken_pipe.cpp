#include "driver/output/broken_pipe.h"

#include <csignal>
#include <cstdlib>

namespace tenancy::driver {

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

void end_by_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  std::abort();  // only where the signal is blocked
}

}  // namespace tenancy::driver
