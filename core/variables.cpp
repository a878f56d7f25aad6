#include "core/variables.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "core/file_name.h"
#include "core/message.h"
#include "core/source_text.h"
#include "core/sql_lexer.h"

namespace tenancy::core {

namespace {

constexpr std::string_view kSchema = "schema";
constexpr std::string_view kTenant = "tenant";
constexpr std::string_view kFlywaySchema = "flyway:defaultSchema";
constexpr std::string_view kFlywayFile = "flyway:filename";

struct BuiltIn {
  std::string_view name;
  std::string TargetVariables::*value;
};
constexpr std::array<BuiltIn, 9> kBuiltIns{{
    {kSchema, &TargetVariables::schema},
    {kTenant, &TargetVariables::tenant},
    {"shared_schema", &TargetVariables::shared_schema},
    {"database", &TargetVariables::database},
    {kFlywaySchema, &TargetVariables::schema},
    {"flyway:database", &TargetVariables::database},
    {"flyway:user", &TargetVariables::user},
    {"flyway:table", &TargetVariables::tracking_table},
    {"flyway:timestamp", &TargetVariables::timestamp},
}};

constexpr bool begins_name(char c) noexcept { return ascii::is_letter(c) || c == '_'; }

constexpr bool continues_name(char c) noexcept {
  return begins_name(c) || ascii::is_digit(c) || c == '.' || c == ':' || c == '-';
}

/// A variable as it is written, and how long that is.
struct Reference {
  std::string_view name;
  std::string_view filter;
  std::size_t length = 0;
};

std::string_view take_name(std::string_view& text) noexcept {
  text = ascii::trim_left(text);
  std::size_t end = 0;
  while (end < text.size() && (end == 0 ? begins_name(text[end]) : continues_name(text[end]))) ++end;
  const std::string_view name = text.substr(0, end);
  text = ascii::trim_left(text.substr(end));
  return name;
}

/// What begins with the opening braces of `syntax`; nothing when it is no variable.
std::optional<Reference> read_reference(std::string_view text, VariableSyntax syntax) noexcept {
  const bool is_braces = syntax == VariableSyntax::braces;
  const std::string_view close = is_braces ? "}}" : "}";
  std::string_view rest = text.substr(2);
  Reference reference;
  reference.name = take_name(rest);
  if (is_braces && rest.starts_with('|')) {
    rest.remove_prefix(1);
    reference.filter = take_name(rest);
    if (reference.filter.empty()) return std::nullopt;
  }
  if (reference.name.empty() || !rest.starts_with(close)) return std::nullopt;
  reference.length = text.size() - rest.size() + close.size();
  return reference;
}

std::string in_quotes(std::string_view value, char quote) {
  std::string result;
  for (const char c : value) {
    if (c == quote) result += c;
    result += c;
  }
  return result;
}

Error bad_value(const std::string& name, const std::string& why, const std::string& file, int line) {
  return {ErrorKind::bad_value, "the value of variable " + name + " " + why, "Give it another value.", file, line};
}

/// Is the tag there, with the value or a part of it? The rest may be the text's.
bool completes(std::string_view sql, const Replacement& value, std::string_view tag) noexcept {
  const std::size_t around = tag.size() - 1;
  const std::size_t begin = value.begin - std::min(value.begin, around);
  return sql.substr(begin, value.end + around - begin).find(tag) != std::string_view::npos;
}

std::string with_backslashes_doubled(std::string_view value) { return in_quotes(value, '\\'); }

}  // namespace

bool is_variable_name(std::string_view name) noexcept {
  return !name.empty() && begins_name(name.front()) && std::all_of(name.begin(), name.end(), continues_name);
}

bool is_builtin_variable(std::string_view name) noexcept {
  return name == kFlywayFile ||
         std::any_of(kBuiltIns.begin(), kBuiltIns.end(), [&](const BuiltIn& one) { return one.name == name; });
}

void check_variable_name(std::string_view name) {
  if (!is_variable_name(name)) {
    throw Error(ErrorKind::bad_value, quoted_text(name) + " is not a name for a variable",
                "A name begins with a letter or _ and goes on with letters, digits and any of _ . : -.");
  }
  if (is_builtin_variable(name)) {
    throw Error(ErrorKind::bad_value, "variable " + std::string{name} + " is built in: each target has its own value",
                "Give yours another name.");
  }
}

VariableMap values_for_set(const VariableMap& values, std::string_view set) {
  VariableMap result;
  VariableMap of_set;
  for (const auto& [name, value] : values) {
    const std::size_t at = name.find('@');
    if (at == std::string::npos) result.emplace(name, value);
    if (at != std::string::npos && name.substr(0, at) == set) of_set.emplace(name.substr(at + 1), value);
  }
  for (auto& [name, value] : of_set) result.insert_or_assign(name, std::move(value));
  return result;
}

std::pair<std::string, std::string> parse_assignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    throw Error(ErrorKind::bad_value, quoted_text(text) + " gives no variable a value", "Write NAME=VALUE.");
  }
  return {std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)}};
}

std::optional<std::string> TargetVariables::find(std::string_view name) const {
  for (const BuiltIn& one : kBuiltIns) {
    if (one.name == name && !(this->*one.value).empty()) return this->*one.value;
  }
  const auto found = given.find(name);
  return found == given.end() ? std::nullopt : std::optional{found->second};
}

class VariableText::Parser {
 public:
  Parser(const SqlSection& section, VariableSyntax syntax, std::string_view file) noexcept
      : section_(section), text_(section.sql), syntax_(syntax), file_(file) {}

  std::vector<Piece> parse() {
    read_code(0, text_.size());
    append_text(text_.size());
    return std::move(pieces_);
  }

 private:
  [[nodiscard]] std::string_view opening() const noexcept { return syntax_ == VariableSyntax::braces ? "{{" : "${"; }

  /// The next opening that begins in [at, end).
  [[nodiscard]] std::optional<std::size_t> find_opening(std::size_t at, std::size_t end) const noexcept {
    const std::size_t found = text_.find(opening(), at);
    return found < end ? std::optional{found} : std::nullopt;
  }

  void read_code(std::size_t begin, std::size_t end) {
    SqlLexer lexer{text_.substr(begin, end - begin)};
    while (const std::optional<SqlToken> token = lexer.next()) {
      const std::size_t at = begin + token->offset;
      const std::size_t token_end = at + token->text.size();
      if (token->kind == SqlToken::Kind::string || token->kind == SqlToken::Kind::identifier) {
        read_quotes(token->text, at, token_end);
        continue;
      }
      const std::optional<std::size_t> found = find_opening(at, token_end);
      if (!found) continue;
      const std::optional<Reference> reference = read_reference(text_.substr(*found, end - *found), syntax_);
      if (!reference) refuse(*found, "these braces hold no variable", "Write them as {{ name }}.");
      append_variable(*reference, *found, quoting_in_code(*reference, *found));
      // The lexer knows nothing of braces: `{{ a--b }}` is a comment to it.
      begin = *found + reference->length;
      lexer = SqlLexer{text_.substr(begin, end - begin)};
    }
  }

  void read_quotes(std::string_view token, std::size_t at, std::size_t end) {
    if (const std::string_view tag = leading_dollar_tag(token); !tag.empty()) {
      const bool is_closed = token.size() >= 2 * tag.size() && token.ends_with(tag);
      tags_.emplace_back(tag);
      read_code(at + tag.size(), is_closed ? end - tag.size() : end);
      tags_.pop_back();
      return;
    }
    const Quoting quoting = token.front() == '"'    ? Quoting::in_identifier
                            : token.front() == '\'' ? Quoting::in_string
                                                    : Quoting::in_escape_string;
    for (auto found = find_opening(at, end); found; found = find_opening(at, end)) {
      const std::optional<Reference> reference = read_reference(text_.substr(*found, end - *found), syntax_);
      at = *found + (reference ? reference->length : 1);
      if (!reference) continue;
      if (!reference->filter.empty()) {
        refuse(*found, "a filter stands within quotes: " + std::string{reference->filter},
               "Take the filter away, for the value is quoted as the string or the name is; or take the quotes away.");
      }
      if (quoting == Quoting::in_escape_string && is_escaped(*found)) {
        refuse(*found, "a backslash stands before the braces", "What it does would depend on the value: take it away.");
      }
      append_variable(*reference, *found, quoting);
    }
  }

  [[nodiscard]] bool is_escaped(std::size_t at) const noexcept {
    const std::string_view before = text_.substr(0, at);
    const std::size_t last = before.find_last_not_of('\\');
    return (before.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
  }

  Quoting quoting_in_code(const Reference& reference, std::size_t at) const {
    if (syntax_ == VariableSyntax::dollar) {
      return reference.name == kFlywaySchema ? Quoting::identifier : Quoting::raw;
    }
    if (reference.filter.empty()) return reference.name == kSchema ? Quoting::identifier : Quoting::literal;
    if (reference.filter == "identifier") return Quoting::identifier;
    if (reference.filter == "literal") return Quoting::literal;
    if (reference.filter == "raw") return Quoting::raw;
    refuse(at, quoted_text(reference.filter) + " is not a filter", "The filters are identifier, literal and raw.");
  }

  void append_text(std::size_t end) {
    Piece piece;
    piece.text = text_.substr(written_, end - written_);
    pieces_.push_back(std::move(piece));
    written_ = end;
  }

  void append_variable(const Reference& reference, std::size_t at, Quoting quoting) {
    append_text(at);
    Piece& piece = pieces_.back();
    piece.name = reference.name;
    piece.quoting = quoting;
    piece.tags = tags_;
    piece.line = line_at(at);
    piece.line_ends = line_of(text_.substr(at), reference.length) - 1;
    written_ = at + reference.length;
  }

  [[nodiscard]] int line_at(std::size_t at) const noexcept { return section_.first_line + line_of(text_, at) - 1; }

  [[noreturn]] void refuse(std::size_t at, const std::string& message, std::string hint) const {
    throw Error(ErrorKind::bad_file, message, std::move(hint), std::string{file_}, line_at(at));
  }

  const SqlSection& section_;
  std::string_view text_;
  VariableSyntax syntax_;
  std::string_view file_;
  std::vector<Piece> pieces_;
  std::vector<std::string> tags_;  ///< of the dollar quotes that are open
  std::size_t written_ = 0;        ///< what is in pieces_
};

VariableText::VariableText(const SqlSection& section, VariableSyntax syntax, std::string file)
    : file_(std::move(file)), first_line_(section.first_line) {
  pieces_ = Parser{section, syntax, file_}.parse();
}

std::string VariableText::quoted(const Piece& piece, const std::string& value) const {
  if (value.find('\0') != std::string::npos) throw bad_value(piece.name, "holds a NUL byte", file_, piece.line);
  switch (piece.quoting) {
    case Quoting::raw:
      return value;
    case Quoting::identifier:
      if (value.empty()) throw bad_value(piece.name, "is empty, which no name can be", file_, piece.line);
      return '"' + in_quotes(value, '"') + '"';
    case Quoting::literal:
      if (value.find('\\') == std::string::npos) return "'" + in_quotes(value, '\'') + "'";
      return " E'" + in_quotes(with_backslashes_doubled(value), '\'') + "'";
    case Quoting::in_string:
      return in_quotes(value, '\'');
    case Quoting::in_escape_string:
      return in_quotes(with_backslashes_doubled(value), '\'');
    case Quoting::in_identifier:
      return in_quotes(value, '"');
  }
  return value;
}

std::string VariableText::value_of(const Piece& piece, const TargetVariables& variables) const {
  if (piece.name == kFlywayFile) return std::string{split_path(file_).base};
  if (auto value = variables.find(piece.name)) return *std::move(value);
  if (piece.name == kTenant) {
    throw Error(ErrorKind::bad_value, "variable tenant has no value: this is not the schema of one registered tenant",
                "What several tenants share cannot depend on one of them; other schemas can be registered.", file_,
                piece.line);
  }
  throw Error(ErrorKind::bad_value, "variable " + piece.name + " has no value",
              "Give it one: tenancy.set_variable('" + piece.name +
                  "', …), for one tenant with tenant => …; for one call by the setting tenancy.variables, or by "
                  "--var " +
                  piece.name + "=… of the driver.",
              file_, piece.line);
}

template <typename ValueOf>
SqlSection VariableText::assemble(ValueOf value_of) const {
  SqlSection section{{}, first_line_, {}};
  for (const Piece& piece : pieces_) {
    section.sql += piece.text;
    if (piece.name.empty()) continue;
    const std::size_t begin = section.sql.size();
    section.sql += quoted(piece, value_of(piece));
    section.replacements.push_back({begin, section.sql.size(), piece.line_ends});
  }
  auto replacement = section.replacements.begin();
  for (const Piece& piece : pieces_) {
    if (piece.name.empty()) continue;
    for (const std::string& tag : piece.tags) {
      if (!completes(section.sql, *replacement, tag)) continue;
      throw bad_value(piece.name, "would end the dollar quote " + tag + " that it stands in", file_, piece.line);
    }
    ++replacement;
  }
  return section;
}

SqlSection VariableText::render(const TargetVariables& variables) const {
  return assemble([&](const Piece& piece) { return value_of(piece, variables); });
}

std::optional<SqlSection> VariableText::sample() const {
  const auto is_raw = [](const Piece& piece) { return !piece.name.empty() && piece.quoting == Quoting::raw; };
  if (std::any_of(pieces_.begin(), pieces_.end(), is_raw)) return std::nullopt;
  return assemble([](const Piece&) { return std::string{"x"}; });
}

std::vector<std::string> VariableText::names() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_) {
    if (!piece.name.empty() && std::find(names.begin(), names.end(), piece.name) == names.end()) {
      names.push_back(piece.name);
    }
  }
  return names;
}

}  // namespace tenancy::core
