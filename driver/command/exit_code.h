// What the process returns.
#pragma once

namespace tenancy::driver {

enum ExitCode : int {
  kDone = 0,
  kTargetsFailed = 1,  ///< some targets failed, or the server refused what a command asked of it
  kUsage = 2,          ///< wrong arguments, configuration or files
  kStopped = 3,
  kCannotConnect = 4,
};

}  // namespace tenancy::driver
