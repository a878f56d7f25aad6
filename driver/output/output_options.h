// How an operation is shown.
#pragma once

#include <string>

namespace tenancy::driver {

enum class ColorMode { automatic, always, never };

struct OutputOptions {
  bool json = false;                       ///< one JSON object a line on standard output, nothing else there
  std::string junit_file{};                ///< empty: none
  bool github = false;                     ///< GitHub Actions annotations; set when GITHUB_ACTIONS is "true"
  ColorMode color = ColorMode::automatic;  ///< automatic: a terminal, and neither NO_COLOR nor TERM=dumb
  bool quiet = false;                      ///< failures and the summary alone
  bool verbose = false;                    ///< a line for each target and the server's notices
};

}  // namespace tenancy::driver
