// Revisions: a version as a destination.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/migration_set.h"

namespace tenancy::core {

/// `head` (or `heads`), `base`, `+N`, `-N` (N from 1 to 9999), or the word for a version.
struct Revision {
  enum class Kind { head, base, forward, back, version };
  Kind kind = Kind::head;
  int count = 0;        ///< of forward and back
  std::string version;  ///< as it was given

  friend bool operator==(const Revision&, const Revision&) = default;
};

/// Throws Error(bad_value) when the text is none of the above.
[[nodiscard]] Revision parse_revision(std::string_view text);

/// The versioned migration that the word means: exactly that version, else the one equal in natural order
/// (`7` for `007`), else the only one that begins with it. `BRANCH@WORD` is one of that branch, and `BRANCH@head` the
/// only one of it that no other one of it comes after.
/// Throws Error(unknown_revision), naming the nearest, or Error(ambiguous_revision), naming the candidates, and
/// Error(bad_value) for a branch with a word that is no version (`BRANCH@+1`).
[[nodiscard]] std::size_t resolve_version(const MigrationSet& set, std::string_view word);

}  // namespace tenancy::core
