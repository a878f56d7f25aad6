#include "driver/connection/text_array.h"

#include <stdexcept>

namespace tenancy::driver {

namespace {

/// Takes one element off the front of what stands behind `{`; leaves its comma or brace.
std::string take_element(std::string_view& rest) {
  std::string element;
  bool const quoted = rest.starts_with('"');
  if (quoted) rest.remove_prefix(1);
  while (!rest.empty()) {
    char character = rest.front();
    if (quoted ? character == '"' : character == ',' || character == '}') break;
    if (character == '\\' && rest.size() > 1) {
      rest.remove_prefix(1);
      character = rest.front();
    }
    element += character;
    rest.remove_prefix(1);
  }
  if (quoted && !rest.empty()) rest.remove_prefix(1);
  return element;
}

}  // namespace

std::string text_array(std::span<const std::string> elements) {
  std::string text = "{";
  for (const std::string& element : elements) {
    text += text.size() == 1 ? "\"" : ",\"";
    for (char const character : element) {
      if (character == '"' || character == '\\') text += '\\';
      text += character;
    }
    text += '"';
  }
  return text + "}";
}

std::vector<std::string> parse_text_array(std::string_view text) {
  auto const fail = [&] { throw std::invalid_argument("this is no array: " + std::string(text)); };
  std::vector<std::string> elements;
  std::string_view rest = text;
  if (rest == "{}") return elements;
  if (!rest.starts_with('{')) fail();
  do {
    rest.remove_prefix(1);
    elements.push_back(take_element(rest));
  } while (rest.starts_with(','));
  if (rest != "}") fail();
  return elements;
}

}  // namespace tenancy::driver
