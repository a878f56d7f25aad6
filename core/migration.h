// A migration: what it is, where it applies, and the SQL that takes a target up and down.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::core {

/// Where a migration applies. `shared` is spelled "public" outside (a keyword of C++).
enum class Scope { shared, tenant, both };

/// What kind of schema a target is. A schema that is shared and also holds rls tenants is `combined`:
/// migrations of every scope apply there.
enum class TargetKind { shared, tenant, combined };

[[nodiscard]] std::string_view to_string(Scope scope) noexcept;

/// "public", "tenant" or "both"; throws Error(bad_value).
[[nodiscard]] Scope parse_scope(std::string_view text);

/// "shared", "tenant" or "combined".
[[nodiscard]] std::string_view to_string(TargetKind kind) noexcept;

/// The same words; throws Error(bad_value).
[[nodiscard]] TargetKind parse_target_kind(std::string_view text);

[[nodiscard]] constexpr bool applies_to(Scope scope, TargetKind kind) noexcept {
  return kind == TargetKind::combined || scope == Scope::both ||
         (scope == Scope::shared) == (kind == TargetKind::shared);
}

/// How the SQL of a migration names variables (variables.h); spelled off, on and flyway.
enum class VariableSyntax { none, braces, dollar };

/// on, true, yes, off, false or no, in any case; nothing for another word.
[[nodiscard]] std::optional<bool> parse_switch(std::string_view text) noexcept;

[[nodiscard]] std::string_view to_string(VariableSyntax syntax) noexcept;

/// The same words, and what switches are spelled as; throws Error(bad_value).
[[nodiscard]] VariableSyntax parse_variable_syntax(std::string_view text);

/// Text in an SqlSection that stands there in place of a variable: [begin, end).
struct Replacement {
  std::size_t begin = 0;
  std::size_t end = 0;
  int source_lines = 0;  ///< line ends in what it replaces

  friend bool operator==(const Replacement&, const Replacement&) = default;
};

/// SQL text and the line of its file at which the text begins (1-based).
struct SqlSection {
  std::string sql;
  int first_line = 1;
  std::vector<Replacement> replacements{};  ///< in their order

  /// The line of the file that the byte at `offset` comes from.
  [[nodiscard]] int line_at(std::size_t offset) const noexcept;

  friend bool operator==(const SqlSection&, const SqlSection&) = default;
};

inline constexpr std::string_view kDefaultSet = "default";

struct Migration {
  std::string set{kDefaultSet};
  std::string version;
  std::string description;
  Scope scope = Scope::tenant;
  SqlSection up;
  std::optional<SqlSection> down;  ///< absent: irreversible; empty SQL: nothing to undo
  bool transactional = true;
  bool repeatable = false;     ///< applied again whenever its checksum changes, after all versioned ones
  bool allow_outside = false;  ///< may create, alter or drop objects outside the target schema
  VariableSyntax variables = VariableSyntax::none;  ///< of both sections
  /// What it comes after, where its version does not say its place: versions of the set, for a graph of migrations such
  /// as Alembic's. Empty: it is a beginning. Absent: it comes behind all that say their place, in the order of
  /// versions. Those in parentheses it only needs, and does not go on with.
  std::optional<std::vector<std::string>> after;
  std::vector<std::string> branches;  ///< names of the branches of that graph that it is part of
  std::vector<std::string> required;  ///< what other sets must have applied before: "users@003", see requirements.h
  std::optional<std::chrono::milliseconds> lock_timeout;       ///< per lock wait; absent: the run's
  std::optional<std::chrono::milliseconds> statement_timeout;  ///< per statement; absent: the run's
  std::string filename;                                        ///< where it came from; empty when it came from a call
  std::string tool_checksum;  ///< what the tool whose file it is records of it (tool_checksum.h); empty: nothing
  std::string note;           ///< what was done to the file's text that its author may want to know; not stored
};

/// Set names: 1 to 63 bytes of lower-case ASCII letters, digits, `_` and `-`, beginning with a letter.
[[nodiscard]] bool is_set_name(std::string_view text) noexcept;

}  // namespace tenancy::core
