#include "core/source_text.h"

#include <algorithm>

#include "core/error.h"
#include "core/hexadecimal.h"
#include "core/utf8.h"

namespace tenancy::core {

namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::string_view kUtf16LittleMark = "\xff\xfe";
constexpr std::string_view kUtf16BigMark = "\xfe\xff";
constexpr const char* kSaveAsUtf8 = "Save the file as UTF-8.";

void check_encoding(std::string_view name, std::string_view text) {
  const std::string file{name};
  if (text.starts_with(kUtf16LittleMark) || text.starts_with(kUtf16BigMark)) {
    throw Error(ErrorKind::bad_file, "the file is UTF-16", kSaveAsUtf8, file, 1);
  }
  // NUL first: text in UTF-16 without a mark is full of them, and often well-formed UTF-8 otherwise.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(ErrorKind::bad_file, "the file holds a NUL byte", kSaveAsUtf8, file, line_of(text, nul));
  }
  if (const std::size_t valid = valid_utf8_length(text); valid < text.size()) {
    const auto byte = static_cast<unsigned char>(text[valid]);
    throw Error(ErrorKind::bad_file, "the file is not UTF-8 at byte 0x" + hexadecimal({&byte, 1}), kSaveAsUtf8, file,
                line_of(text, valid));
  }
}

}  // namespace

std::string read_source_text(std::string_view name, std::string_view bytes) {
  while (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());
  check_encoding(name, bytes);

  std::string text;
  text.reserve(bytes.size());
  std::size_t at = 0;
  for (std::size_t end = bytes.find("\r\n"); end != std::string_view::npos; end = bytes.find("\r\n", at)) {
    text += bytes.substr(at, end - at);
    while (text.ends_with('\r')) text.pop_back();
    at = end + 1;
  }
  text += bytes.substr(at);
  return text;
}

int line_of(std::string_view text, std::size_t offset) noexcept {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

}  // namespace tenancy::core
