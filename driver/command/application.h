// The command line of `tenancy`.
#pragma once

namespace tenancy::driver {

/// What the process returns.
enum ExitCode : int {
  kDone = 0,
  kTargetsFailed = 1,
  kUsage = 2,  ///< wrong arguments, configuration or files
  kStopped = 3,
  kCannotConnect = 4,
};

/// Parses the command line, carries the command out and says what went wrong on standard error. Never throws.
int run_application(int argc, char** argv);

}  // namespace tenancy::driver
