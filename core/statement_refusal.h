// Statements that cannot be part of a migration: what is said of them. PostgreSQL would refuse most of them too, but
// only when they run, in the middle of a deploy.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/sql_kind.h"
#include "core/sql_statements.h"

namespace tenancy::core {

/// Why a statement is refused, and what to do.
struct StatementRefusal {
  std::string_view what{};
  std::string_view why{};
  std::string_view hint{};

  [[nodiscard]] bool is_empty() const noexcept { return what.empty(); }

  /// "WHAT WHY"
  [[nodiscard]] std::string message() const { return std::string(what) + ' ' + std::string(why); }
  /// "statement 3, WHAT, WHY"
  [[nodiscard]] std::string message(int statement) const;
};

[[nodiscard]] StatementRefusal refused_transaction_control(std::string_view command, bool transactional) noexcept;
[[nodiscard]] StatementRefusal refused_copy() noexcept;
/// Of what beyond_one_schema() names, in a migration that is confined to a tenant's schema.
[[nodiscard]] StatementRefusal refused_beyond_schema(std::string_view what) noexcept;
/// Of what top_level_only() names, in a transactional migration.
[[nodiscard]] StatementRefusal refused_inside_transaction(std::string_view what) noexcept;
/// In a non-transactional one, each statement of which is a transaction of its own.
[[nodiscard]] StatementRefusal refused_local_setting() noexcept;
[[nodiscard]] StatementRefusal refused_role_setting() noexcept;
/// Of what sets_isolation() names: the tracking table has been read when a migration begins.
[[nodiscard]] StatementRefusal refused_isolation() noexcept;
/// Of what may_commit(), where a session of another role acts as the owner of the schema.
[[nodiscard]] StatementRefusal refused_commit_as_owner() noexcept;

/// A hint for text with a line that begins with a backslash.
inline constexpr std::string_view kMetaCommandHint =
    "Lines that begin with a backslash are commands of psql; the server does not know them.";

/// Refuses what cannot be part of a migration; empty when it can.
[[nodiscard]] StatementRefusal refusal(const SqlKind& statement, bool transactional, bool confined) noexcept;

}  // namespace tenancy::core
