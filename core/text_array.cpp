#include "core/text_array.h"

#include <stdexcept>

namespace tenancy::core {

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

std::string array_element(std::string_view text) {
  std::string element = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') element += '\\';
    element += character;
  }
  return element + '"';
}

std::string text_array(std::span<const std::string> elements) {
  std::string text = "{";
  for (const std::string& element : elements) {
    if (text.size() > 1) text += ',';
    text += array_element(element);
  }
  return text + "}";
}

std::optional<std::string> text_array_or_null(std::span<const std::string> elements) {
  if (elements.empty()) return std::nullopt;
  return text_array(elements);
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

std::optional<std::vector<std::string>> parse_text_array_or_null(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return parse_text_array(*text);
}

}  // namespace tenancy::core
