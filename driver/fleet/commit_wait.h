// What a commit waits for before it is told, and who waits for it when the commit itself does not.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tenancy::driver {

/// As synchronous_commit names it; each is more than those before it.
enum class CommitWait { off, local, remote_write, on, remote_apply };

[[nodiscard]] std::string_view to_string(CommitWait wait) noexcept;
/// A word that is not known, of a later server, is taken for `on`.
[[nodiscard]] CommitWait parse_commit_wait(std::string_view word) noexcept;

/// Does the commit of a target wait, or a later one for many of them?
enum class Commit { waits, does_not_wait };

struct OwedWait {
  CommitWait wait = CommitWait::on;
  /// Of the session that can make up for it, see CommitFlush: one that was open before the commit and did not break
  /// since knows that the server did not break either.
  std::size_t session = 0;
};

/// Of a commit that waited for nothing in place of that; nothing when it would not have waited anyway.
[[nodiscard]] std::optional<OwedWait> owed_by(std::string_view word) noexcept;

}  // namespace tenancy::driver
