// Revisions: a version as a destination.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration_set.h"

namespace tenancy::core {

/// `heads`, which is everything; `head`, which is the same where there is only one; `base`, `+N`, `-N` (N from 1 to
/// 9999), `BRANCH@+N`, `BRANCH@-N`, or the word for a version.
struct Revision {
  enum class Kind { heads, head, base, forward, back, version };
  Kind kind = Kind::heads;
  int count = 0;        ///< of forward and back
  std::string version;  ///< as it was given; of forward and back the branch, or nothing

  /// Does it depend on what is applied?
  [[nodiscard]] bool is_relative() const noexcept { return kind == Kind::forward || kind == Kind::back; }

  /// Does it ask for the newest there is?
  [[nodiscard]] bool is_head() const noexcept { return kind == Kind::head || kind == Kind::heads; }

  friend bool operator==(const Revision&, const Revision&) = default;
};

/// Throws Error(bad_value) when the text is none of the above.
[[nodiscard]] Revision parse_revision(std::string_view text);

/// A number from 1 on, which is written in digits alone.
[[nodiscard]] std::optional<int> parse_count(std::string_view digits) noexcept;

/// The text that parse_revision() takes.
[[nodiscard]] std::string to_text(const Revision& revision);

/// The one of `members`, by index of versioned migrations, that has exactly this version, else the one equal in natural
/// order (`7` for `007`), else the only one that begins with it. Throws Error(ambiguous_revision), naming the
/// candidates.
[[nodiscard]] std::optional<std::size_t> find_version(const MigrationSet& set, std::string_view word,
                                                      const std::vector<bool>& members);

/// The versioned migration that the word means, whatever is applied: a version as find_version() finds it, `WORD+2` or
/// `WORD-2` of a version or of head, `BRANCH@WORD` and `BRANCH@head`, where the branch may be a version in it.
/// Throws Error(unknown_revision), naming the nearest, or Error(ambiguous_revision), naming the candidates, and
/// Error(bad_value) for a branch with a word that is no version.
[[nodiscard]] std::size_t resolve_version(const MigrationSet& set, std::string_view word);

/// For a word that means no version of the set: throws Error(unknown_revision), naming the nearest.
[[noreturn]] void refuse_unknown(const MigrationSet& set, std::string_view word);

/// For a word that means one of several.
[[noreturn]] void refuse_ambiguous(const MigrationSet& set, std::string_view word,
                                   std::span<const std::size_t> candidates, std::string hint);

/// "only 2 migrations are pending", where revision asks for more. Throws Error(unknown_revision).
[[noreturn]] void refuse_count(const Revision& revision, std::size_t available, std::string_view state);

}  // namespace tenancy::core
