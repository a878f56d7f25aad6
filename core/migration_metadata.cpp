#include "core/migration_metadata.h"

#include <algorithm>
#include <optional>
#include <string>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"

namespace tenancy::core {

namespace {

constexpr std::string_view kKey = "run_in_transaction";

bool parse_boolean(std::string_view file, int line, std::string_view value) {
  if (value == "true") return true;
  if (value == "false") return false;
  throw Error(ErrorKind::bad_value, "run_in_transaction: " + quoted_text(value) + " is neither true nor false",
              "Write true or false.", std::string{file}, line);
}

/// The value of one line; nothing when it is blank or a comment. No value that is allowed holds a `#`.
std::optional<bool> read_line(std::string_view file, int line, std::string_view text) {
  text = ascii::trim(text.substr(0, text.find('#')));
  if (text.empty()) return std::nullopt;
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || ascii::trim_right(text.substr(0, equals)) != kKey) {
    throw Error(ErrorKind::bad_file, "unknown setting " + quoted_text(text),
                "The only setting is run_in_transaction = true or false.", std::string{file}, line);
  }
  return parse_boolean(file, line, ascii::trim_left(text.substr(equals + 1)));
}

}  // namespace

bool read_run_in_transaction(std::string_view file, std::string_view text) {
  std::optional<bool> result;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::optional<bool> value = read_line(file, ++number, text.substr(begin, end - begin));
    if (value && result) {
      throw Error(ErrorKind::bad_file, "run_in_transaction stands twice", {}, std::string{file}, number);
    }
    if (value) result = value;
    begin = end + 1;
  }
  return result.value_or(true);
}

}  // namespace tenancy::core
