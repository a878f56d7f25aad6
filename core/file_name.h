// What the name of a file says: which part of which migration it holds, its version and its description.
// format_name.h has the same for the formats of other tools.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/migration_file.h"

namespace tenancy::core {

/// The last part of a path, and what stands before its slash.
struct Path {
  std::string_view folder;
  std::string_view base;
};

[[nodiscard]] Path split_path(std::string_view path) noexcept;

/// True when the file, or a folder on the way to it, has a name that begins with a dot.
[[nodiscard]] bool is_hidden(std::string_view path) noexcept;

/// What our own format reads from a name. Views into the name that was parsed.
struct FileName {
  FilePart part = FilePart::whole;
  std::string_view stem;      ///< what holds version and description: the file's or the folder's name, without suffix
  std::string_view identity;  ///< the same for all parts of one migration and for nothing else
};

/// Nothing when the file is none of a migrations folder's: hidden, in a hidden folder, or of another suffix.
[[nodiscard]] std::optional<FileName> parse_file_name(std::string_view name) noexcept;

/// A stem in two: `2018-04-24-145128-add-foo` is `2018-04-24-145128` and `-add-foo`.
struct VersionedStem {
  std::string_view version;
  std::string_view rest;
};

/// The version is the longest beginning made of numbers joined by `.` or `-` that `_`, `-`, `.`, a space or
/// the end follows: of `0001-2fa_tokens` it is `0001`. Nothing when there is none.
[[nodiscard]] std::optional<VersionedStem> split_stem(std::string_view stem) noexcept;

/// `_add-foo` as words: `add foo`.
[[nodiscard]] std::string words_of(std::string_view rest);

}  // namespace tenancy::core
