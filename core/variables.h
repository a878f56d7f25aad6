// Variables in the SQL of a migration: `{{ name }}`, and Flyway's `${name}`. Pure: where the values are from is the
// caller's.
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

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration.h"

namespace tenancy::core {

enum class VariableSyntax { braces, dollar };

/// SQL text, parsed once and rendered with the values of each target.
class VariableText {
 public:
  /// Throws Error(bad_file) with `file` and the line for braces that are no variable, and for unknown and misplaced
  /// filters. `file` is kept for the errors of render().
  VariableText(const SqlSection& section, VariableSyntax syntax, std::string file);

  /// The value of a variable; nothing when there is none.
  using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

  /// Throws Error(bad_value) with file and line, naming the variable, for one without a value, for a value with a NUL
  /// byte, and for one that would end the dollar quote it stands in.
  [[nodiscard]] std::string render(const Lookup& value_of) const;

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
  };
  class Parser;

  [[nodiscard]] std::string quoted(const Piece& piece, const std::string& value) const;

  std::string file_;
  std::vector<Piece> pieces_;
};

}  // namespace tenancy::core
