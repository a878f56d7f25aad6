#include "driver/output/appearance.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace tenancy::driver {

namespace {

std::string_view value(const Environment& environment, const char* name) {
  const char* text = environment(name);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

bool has_color(ColorMode mode, bool terminal, const Environment& environment) {
  if (mode != ColorMode::automatic) return mode == ColorMode::always;
  if (!value(environment, "NO_COLOR").empty()) return false;
  const std::string_view force = value(environment, "CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  return terminal;
}

/// The first of the variables that is set decides, as in setlocale().
bool has_utf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view locale = value(environment, name);
    if (locale.empty()) continue;
    for (std::string_view charset : {"UTF-8", "UTF8", "utf-8", "utf8"}) {
      if (locale.find(charset) != std::string_view::npos) return true;
    }
    return false;
  }
  return false;
}

}  // namespace

std::string painted(std::string_view text, Color color, const Appearance& appearance) {
  if (!appearance.color || color == Color::none || text.empty()) return std::string(text);
  static constexpr std::array<std::string_view, 7> kCodes{"", "31", "32", "33", "36", "1", "2"};
  std::string out = "\x1b[";
  out += kCodes.at(static_cast<std::size_t>(color));
  out += 'm';
  out += text;
  out += "\x1b[0m";
  return out;
}

Appearance appearance_of(int file, ColorMode mode, const Environment& environment) {
  Appearance appearance;
  appearance.terminal = isatty(file) == 1 && value(environment, "TERM") != "dumb";
  appearance.color = has_color(mode, appearance.terminal, environment);
  appearance.utf8 = has_utf8(environment);
  appearance.columns = terminal_columns(file);
  return appearance;
}

Appearance appearance_of(int file, ColorMode mode) {
  return appearance_of(file, mode, [](const char* name) -> const char* { return std::getenv(name); });
}

std::size_t terminal_columns(int file) {
  winsize size{};
  return ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace tenancy::driver
