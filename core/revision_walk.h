// Walks along a set: what `003+1`, `ae10-2`, `BRANCH@head` and `BRANCH@base` lead to, and from what is applied in a
// target, `+1` and `BRANCH@-1`. The words mean what Alembic means by them.
//
// Without a graph a set is one line. In a graph a migration goes on with what it comes after, but not with what it
// only needs, and a walk that could go on in two ways is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration_set.h"
#include "core/revision.h"

namespace tenancy::core {

/// Where a word leads, whatever is applied.
struct RevisionPlace {
  std::optional<std::size_t> version{};  ///< a versioned migration; nothing: base
  std::vector<bool> line{};              ///< by index of versioned migrations: what a downgrade to there is about
};

/// `word` is what Revision::version holds. Throws what resolve_version() throws, except for base.
[[nodiscard]] RevisionPlace resolve_place(const MigrationSet& set, std::string_view word);

/// What an upgrade to there is about, by index of versioned migrations: that version and all that it comes after, of
/// `BRANCH@heads` of all heads of the branch. Throws what resolve_version() throws.
[[nodiscard]] std::vector<bool> up_to(const MigrationSet& set, std::string_view word);

/// Of targets of this kind, by index: the versioned migrations for them that none of the others for them goes on with.
[[nodiscard]] std::vector<std::size_t> heads_of(const MigrationSet& set, TargetKind kind);

/// Throws Error(ambiguous_revision), naming them, when the revision is `head` and such targets have several heads.
void check_head(const MigrationSet& set, TargetKind kind, const Revision& revision);

/// What a downgrade to that place takes back, where it is applied: what goes on from there along its line, and
/// whatever comes after that. By index of versioned migrations.
[[nodiscard]] std::vector<bool> behind(const MigrationSet& set, const RevisionPlace& place);

/// What is applied in a target, by index of versioned migrations.
struct WalkedTarget {
  std::vector<bool> applied;
  std::vector<bool> is_its;  ///< whether it is for targets of this kind; walks pass over the others
};

/// The migration that `+N` or `BRANCH@+N` means. Throws Error(unknown_revision) when so many do not come next, and
/// Error(ambiguous_revision) naming those of which one is next.
[[nodiscard]] std::size_t walk_up(const MigrationSet& set, const WalkedTarget& target, const Revision& revision);

/// The N migrations that `-N` or `BRANCH@-N` goes back over, the newest first, and where that ends. Throws the same.
struct WalkBack {
  std::vector<std::size_t> path;
  std::string end;  ///< a word that takes the same back whatever is applied
};
[[nodiscard]] WalkBack walk_back(const MigrationSet& set, const WalkedTarget& target, const Revision& revision);

}  // namespace tenancy::core
