// Section markers: the comment lines by which a file that holds both directions is divided, in each format.
#pragma once

#include <string_view>

#include "core/format.h"
#include "core/sql_scanner.h"

namespace tenancy::core {

struct SectionMarker {
  enum class Kind { up, down, other };  ///< `other`: a word of the tool that begins no section
  Kind kind = Kind::other;
  bool transactional = true;
};

/// How one format divides its files.
struct MarkerRules {
  std::string_view up;           ///< the section's name in messages
  std::string_view down;         ///< the other's
  std::string_view up_marker;    ///< as it is written, for hints
  std::string_view down_marker;  ///< the other's
  bool needs_up = false;  ///< a file without an up marker is an error; otherwise what stands outside of sections is up
  bool up_first = false;  ///< the up section has to come first

  /// Is this comment, the dashes taken off, the tool's to read?
  bool (*mentions)(std::string_view comment) noexcept = nullptr;

  /// Reads such a line. Throws Error(bad_file or bad_value) for one that the tool would not understand or would take
  /// for a comment.
  SectionMarker (*read)(std::string_view file, const SqlLine& line) = nullptr;
};

/// Nothing for formats without markers: names say what their files hold.
[[nodiscard]] const MarkerRules* marker_rules(Format format) noexcept;

/// A comment line without its dashes and the white space around; empty when the line is none.
[[nodiscard]] std::string_view comment_of(std::string_view line) noexcept;

/// True for a comment that is nothing but a word for the way down (`-- Down`, `-- rollback`): a marker of a tool that
/// nobody here knows, behind which stands what must not run on the way up.
[[nodiscard]] bool looks_like_down_marker(std::string_view comment) noexcept;

}  // namespace tenancy::core
