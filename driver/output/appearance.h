// What the place where something is shown can do: its width, colours, characters.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "driver/output/output_options.h"

namespace tenancy::driver {

struct Appearance {
  bool terminal = false;    ///< lines may be drawn anew
  bool color = false;       ///< escape sequences of colours are understood
  bool utf8 = true;         ///< our own signs may be others than ASCII
  std::size_t columns = 0;  ///< 0: as wide as the text needs

  [[nodiscard]] std::string_view ellipsis() const { return utf8 ? "…" : "..."; }
  [[nodiscard]] std::string_view separator() const { return utf8 ? " · " : ", "; }
};

enum class Color { none, red, green, yellow, cyan, bold, dim };

/// `text` in a colour, or as it is when the appearance has none.
[[nodiscard]] std::string painted(std::string_view text, Color color, const Appearance& appearance);

/// The value of an environment variable; null when it is not set.
using Environment = std::function<const char*(const char* name)>;

/// What is open as `file`. By ColorMode::automatic, colours are for terminals; NO_COLOR (not empty) and TERM=dumb
/// switch them off, and CLICOLOR_FORCE (neither empty nor 0) switches them on for files and pipes too. A dumb terminal
/// is none: it cannot draw a line anew. Characters follow LC_ALL, LC_CTYPE and LANG.
[[nodiscard]] Appearance appearance_of(int file, ColorMode mode, const Environment& environment);
[[nodiscard]] Appearance appearance_of(int file, ColorMode mode);

/// The width of the terminal now; 0 when it does not know.
[[nodiscard]] std::size_t terminal_columns(int file);

}  // namespace tenancy::driver
