// Variables in the SQL of a migration: `{{ name }}`, and Flyway's `${name}`.
//
//   {{ schema }}              in code: as an identifier, the variable `schema` alone; all others as a literal
//   {{ name | identifier }}   "…", with quotes inside doubled
//   {{ name | literal }}      '…', with quotes inside doubled; with a backslash in it, E'…'
//   {{ name | raw }}          as it is, so that it may be any piece of SQL
//   ${name}, ${flyway:name}   raw, as Flyway has it; ${flyway:defaultSchema} as an identifier
//
// A name begins with a letter or `_` and goes on with letters, digits and any of `_ . : -`; white space within the
// braces does not matter.
//
// In '…', E'…' and "…" a value is put in so that it is a part of the string or the name, whatever it holds: the quote
// is doubled (in E'…' a backslash too). There a filter is an error, for it would quote again. The text in a dollar
// quote is read as code, with strings of its own; a value must not hold the tag that ends it. In comments nothing is
// replaced. In code, `{{` that begins no variable is an error; in quotes it is text, as in '{{1,2},{3,4}}'.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/migration.h"

namespace tenancy::core {

using VariableMap = std::map<std::string, std::string, std::less<>>;

/// May a variable be called so?
[[nodiscard]] bool is_variable_name(std::string_view name) noexcept;
/// Does every target have it by itself, so that nobody may give it a value?
[[nodiscard]] bool is_builtin_variable(std::string_view name) noexcept;
/// Throws Error(bad_value) for a name that is none, or that of a built-in variable.
void check_variable_name(std::string_view name);

/// Those that migrations of a set have: a name may say the set that it is for, as `users@region` does, and wins then.
[[nodiscard]] VariableMap values_for_set(const VariableMap& values, std::string_view set);

/// "region=eu" as a name, which may be any text, and a value. Throws Error(bad_value) for what has no `=`.
[[nodiscard]] std::pair<std::string, std::string> parse_assignment(std::string_view text);

/// Values for one target. These are the built-in ones; Flyway's are flyway:defaultSchema, flyway:database, flyway:user,
/// flyway:table and flyway:timestamp, and flyway:filename, which is the migration's.
struct TargetVariables {
  std::string schema{};
  std::string tenant{};  ///< empty: the target is not one registered tenant's alone
  std::string shared_schema{};
  std::string database{};
  std::string user{};
  std::string tracking_table{};
  std::string timestamp{};  ///< 2024-01-31 12:00:00
  VariableMap given{};      ///< a value for `tenant` counts where there is no other

  /// Nothing when there is none.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
};

/// SQL text, parsed once and rendered with the values of each target.
class VariableText {
 public:
  /// Throws Error(bad_file) with `file` and the line for braces that are no variable, and for unknown and misplaced
  /// filters. `file` is kept for the errors of render().
  VariableText(const SqlSection& section, VariableSyntax syntax, std::string file);

  /// Throws Error(bad_value) with file and line, naming the variable, for one without a value, for a value with a NUL
  /// byte, and for one that would end the dollar quote it stands in.
  [[nodiscard]] SqlSection render(const TargetVariables& variables) const;

  /// The text with values that stand for any others, for who checks its statements; nothing when a raw one, which may
  /// be any piece of SQL, is among them.
  [[nodiscard]] std::optional<SqlSection> sample() const;

  /// The names, in their order in the text, each once.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  enum class Quoting { raw, identifier, literal, in_string, in_escape_string, in_identifier };
  /// Text, and the variable behind it, if any.
  struct Piece {
    std::string text{};
    std::string name{};
    Quoting quoting = Quoting::raw;
    std::vector<std::string> tags{};  ///< of the dollar quotes around it
    int line = 0;
    int line_ends = 0;  ///< within its braces
  };
  class Parser;

  [[nodiscard]] std::string value_of(const Piece& piece, const TargetVariables& variables) const;
  [[nodiscard]] std::string quoted(const Piece& piece, const std::string& value) const;
  template <typename ValueOf>
  [[nodiscard]] SqlSection assemble(ValueOf value_of) const;

  std::string file_;
  int first_line_;
  std::vector<Piece> pieces_;
};

}  // namespace tenancy::core
