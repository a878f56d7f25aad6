#include "core/error.h"

namespace tenancy::core {

std::string_view sqlstate(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::bad_file:
      return "42601";  // syntax_error
    case ErrorKind::bad_order:
    case ErrorKind::bad_value:
    case ErrorKind::wrong_direction:
      return "22023";  // invalid_parameter_value
    case ErrorKind::duplicate_version:
      return "42710";  // duplicate_object
    case ErrorKind::unknown_revision:
    case ErrorKind::unknown_requirement:
      return "42704";  // undefined_object
    case ErrorKind::ambiguous_revision:
      return "42P08";  // ambiguous_parameter
    case ErrorKind::checksum_mismatch:
    case ErrorKind::unknown_applied:
    case ErrorKind::out_of_order:
    case ErrorKind::in_doubt:
    case ErrorKind::irreversible:
    case ErrorKind::beyond_pin:
      return "55000";  // object_not_in_prerequisite_state
    case ErrorKind::still_required:
      return "2BP01";  // dependent_objects_still_exist
    case ErrorKind::bad_statement:
      return "0A000";  // feature_not_supported
  }
  return "XX000";
}

std::string Error::located_message() const {
  std::string result = file_;
  if (line_ > 0) {
    if (result.empty())
      result = "line ";
    else
      result += ':';
    result += std::to_string(line_);
  }
  if (!result.empty()) result += ": ";
  result += what();
  return result;
}

std::string Error::placed_message() const {
  std::string place = file_;
  if (line_ > 0) place += (place.empty() ? "line " : " line ") + std::to_string(line_);
  return place.empty() ? what() : place + ": " + what();
}

}  // namespace tenancy::core
