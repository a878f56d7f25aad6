// metadata.toml in the folder of a migration, as Diesel writes it.
#pragma once

#include <string_view>

namespace tenancy::core {

/// The value of `run_in_transaction`, true when it is absent. `text` has LF line ends.
/// Throws Error(bad_file or bad_value) with `file` and line for everything else but comments and blank lines.
[[nodiscard]] bool read_run_in_transaction(std::string_view file, std::string_view text);

}  // namespace tenancy::core
