#include "core/error.h"

namespace tenancy::core {

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

}  // namespace tenancy::core
