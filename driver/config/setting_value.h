// Values of settings: from text, and back to text.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/format.h"
#include "core/rollout.h"
#include "driver/config/setting.h"

namespace tenancy::driver {

// Each reads a value into `target`, and throws std::exception whose text says what is wrong with it: "must be …".
void read_value(const GivenValue& value, std::string& target);
void read_value(const GivenValue& value, bool& target);
void read_value(const GivenValue& value, std::filesystem::path& target);
void read_value(const GivenValue& value, std::vector<std::string>& target);
void read_value(const GivenValue& value, std::chrono::milliseconds& target);
void read_value(const GivenValue& value, core::FailureBudget& target);
void read_value(const GivenValue& value, core::Scope& target);
void read_value(const GivenValue& value, std::optional<core::Format>& target);  ///< "auto" is none
void read_value(const GivenValue& value, core::OutOfOrder& target);
void read_value(const GivenValue& value, RunAs& target);
void read_value(const GivenValue& value, ColorMode& target);

/// A whole number from `least` to `most`.
[[nodiscard]] std::int64_t read_number(const GivenValue& value, std::int64_t least, std::int64_t most);

// Each gives back what its read_value takes.
[[nodiscard]] std::string value_text(const std::string& value);
[[nodiscard]] std::string value_text(bool value);
[[nodiscard]] std::string value_text(const std::filesystem::path& value);
[[nodiscard]] std::string value_text(const std::vector<std::string>& value);
[[nodiscard]] std::string value_text(std::chrono::milliseconds value);
[[nodiscard]] std::string value_text(const core::FailureBudget& value);
[[nodiscard]] std::string value_text(core::Scope value);
[[nodiscard]] std::string value_text(std::optional<core::Format> value);
[[nodiscard]] std::string value_text(core::OutOfOrder value);
[[nodiscard]] std::string value_text(RunAs value);
[[nodiscard]] std::string value_text(ColorMode value);

}  // namespace tenancy::driver
