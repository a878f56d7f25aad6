// Expectations about core::Error.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "core/error.h"

namespace tenancy::core {

/// The error that `action` throws; nothing, and a failure, when it throws none.
template <typename Action>
std::optional<Error> error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return std::nullopt;
}

inline void PrintTo(const Error& error, std::ostream* out) {
  *out << error.located_message() << " (kind " << static_cast<int>(error.kind()) << ", hint: " << error.hint() << ")";
}

MATCHER_P2(IsError, kind, message, "") {
  return arg.has_value() && arg->kind() == kind && std::string{arg->what()} == message;
}

MATCHER_P3(IsErrorAt, kind, line, message, "") {
  return arg.has_value() && arg->kind() == kind && arg->line() == line && std::string{arg->what()} == message;
}

}  // namespace tenancy::core
