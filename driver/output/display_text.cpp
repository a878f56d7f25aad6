#include "driver/output/display_text.h"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <array>

#include "core/utf8.h"

namespace tenancy::driver {

namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = true;
};

/// The first character of text that is not empty; a byte that is not UTF-8 counts as one.
Character first_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first};
  const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < length || core::valid_utf8_length(text.substr(0, length)) != length) return {first, 1, false};
  char32_t code = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return {code, length};
}

/// What cannot be seen or is no character, or turns the direction of what follows. U+200C and U+200D stay: scripts and
/// emoji need them.
bool is_hidden(char32_t code) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  static constexpr std::array<Range, 11> kHidden{{{0x80, 0x9f},
                                                  {0xad, 0xad},
                                                  {0x61c, 0x61c},
                                                  {0x200b, 0x200b},
                                                  {0x200e, 0x200f},
                                                  {0x2028, 0x202e},
                                                  {0x2060, 0x206f},
                                                  {0xfeff, 0xfeff},
                                                  {0xfff9, 0xfffb},
                                                  {0xfffe, 0xffff},
                                                  {0xe0000, 0xe007f}}};
  return std::any_of(kHidden.begin(), kHidden.end(),
                     [code](const Range& range) { return code >= range.first && code <= range.last; });
}

void append_visible(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Character character = first_character(text.substr(at));
    const auto code = static_cast<unsigned>(character.code);
    if (code == '\n' || code == '\t' || code == '\r') {
      out += code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r";
    } else if (!character.valid || code < 0x20 || code == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", code);
    } else if (is_hidden(character.code) && code <= 0xffff) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    } else if (is_hidden(character.code)) {
      fmt::format_to(std::back_inserter(out), "\\U{:08x}", code);
    } else {
      out += text.substr(at, character.bytes);
    }
    at += character.bytes;
  }
}

/// wcwidth() goes by the locale of the thread: that of the process may not be one of UTF-8.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(locale())) {}
  ~Utf8Locale() { uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t locale() {
    static const locale_t kLocale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return kLocale;
  }
  locale_t before_;
};

/// Characters that the C library does not know are taken for one column.
std::size_t character_width(char32_t code) {
  if (code < 0x80) return 1;
  const int width = wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_visible(out, text);
  return out;
}

std::vector<std::string> visible_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(visible(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::size_t display_width(std::string_view text) {
  if (is_ascii(text)) return text.size();
  const Utf8Locale locale;
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    width += character_width(character.code);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string truncated(std::string_view text, std::size_t width, std::string_view ellipsis) {
  if (display_width(text) <= width) return std::string(text);
  const std::size_t sign = display_width(ellipsis);
  if (sign > width) return truncated(ellipsis, width, "");
  const Utf8Locale locale;
  std::size_t at = 0;
  std::size_t used = 0;
  while (true) {
    const Character character = first_character(text.substr(at));
    used += character_width(character.code);
    if (used > width - sign) break;
    at += character.bytes;
  }
  return std::string(text.substr(0, at)) + std::string(ellipsis);
}

std::string padded(std::string_view text, std::size_t width, Align align) {
  const std::size_t used = display_width(text);
  if (used >= width) return std::string(text);
  const std::string spaces(width - used, ' ');
  return align == Align::left ? std::string(text) + spaces : spaces + std::string(text);
}

}  // namespace tenancy::driver
