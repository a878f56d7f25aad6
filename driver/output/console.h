// Where an operation is shown, and in which form.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "driver/output/appearance.h"
#include "driver/output/clock.h"
#include "driver/output/output_options.h"
#include "driver/output/reporter.h"
#include "driver/output/stream.h"

namespace tenancy::driver {

/// Outlives the reporters that are made for it.
struct Console {
  Stream& output;
  Stream& error;
  Appearance appearance{};                                               ///< of `output`
  Appearance error_appearance{};                                         ///< of `error`
  std::function<std::size_t()> columns = [] { return std::size_t{0}; };  ///< of `output`, now; 0: not known
  Environment environment = [](const char*) -> const char* { return nullptr; };
  Clock clock{};
};

/// Standard output and standard error of the process.
[[nodiscard]] Console standard_console(ColorMode mode);

/// A bar on a terminal, lines elsewhere; with `json` objects on `output`, and warnings alone on `error`. A JUnit file
/// and annotations come besides. Throws std::system_error when the JUnit file cannot be written.
[[nodiscard]] std::unique_ptr<Reporter> make_reporter(const OutputOptions& options, const Console& console);

}  // namespace tenancy::driver
