#include "core/option_line.h"

#include <algorithm>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"
#include "core/migration_file.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

constexpr std::string_view kPrefix = "MIGRATION_";
constexpr const char* kOptionsHint =
    "The options are MIGRATION_VERSION, MIGRATION_DESCRIPTION, MIGRATION_SET, MIGRATION_SCOPE, "
    "MIGRATION_TRANSACTION, MIGRATION_REPEATABLE, MIGRATION_ALLOW_OUTSIDE, MIGRATION_VARIABLES, "
    "MIGRATION_LOCK_TIMEOUT, MIGRATION_STATEMENT_TIMEOUT, MIGRATION_AFTER, MIGRATION_BRANCHES, "
    "MIGRATION_REQUIRES and MIGRATION_UNFINISHED.";

bool switch_in(std::string_view text) {
  if (const auto value = parse_switch(text)) return *value;
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is neither on nor off", "Write on or off.");
}

void set_version(Migration& migration, std::string_view value) {
  if (!is_version(value)) {
    throw Error(ErrorKind::bad_value, quoted_text(value) + " is not a version",
                "A version is up to 128 letters, digits and any of . _ - + @, begins with a letter or a digit, and "
                "is neither head nor base.");
  }
  migration.version = value;
}

void set_set(Migration& migration, std::string_view value) {
  if (!is_set_name(value)) {
    throw Error(ErrorKind::bad_value, quoted_text(value) + " is not the name of a migration set",
                "The name of a set is up to 63 lower-case letters, digits, _ and -, and begins with a letter.");
  }
  migration.set = value;
}

/// "a, b"
std::vector<std::string> words_of_list(std::string_view value) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t comma = std::min(value.find(',', begin), value.size());
    words.emplace_back(ascii::trim(value.substr(begin, comma - begin)));
    begin = comma + 1;
  }
  return words;
}

void set_after(Migration& migration, std::string_view value) {
  migration.after = value == "base" ? std::vector<std::string>{} : words_of_list(value);
}

/// Requirements have no white space in them, so that it may stand between them in place of a comma.
void set_required(Migration& migration, std::string_view value) {
  for (const std::string& item : words_of_list(value)) {
    std::string_view rest = item;
    do {
      const auto end = std::find_if(rest.begin(), rest.end(), ascii::is_space);
      migration.required.emplace_back(rest.begin(), end);
      rest = ascii::trim_left(rest.substr(static_cast<std::size_t>(end - rest.begin())));
    } while (!rest.empty());
  }
}

[[noreturn]] void refuse_unfinished(Migration&, std::string_view reason) {
  throw Error(ErrorKind::bad_file, std::string{reason}, "Write the SQL of this migration, and take the option out.");
}

struct Option {
  std::string_view name;
  void (*set)(Migration&, std::string_view);
};

constexpr std::string_view kTransaction = "MIGRATION_TRANSACTION";

// The version stands first: OptionReader::version_line() relies on it.
constexpr std::array<Option, kOptionCount> kOptions{{
    {"MIGRATION_VERSION", set_version},
    {"MIGRATION_DESCRIPTION", [](Migration& m, std::string_view value) { m.description = value; }},
    {"MIGRATION_SET", set_set},
    {"MIGRATION_SCOPE", [](Migration& m, std::string_view value) { m.scope = parse_scope(value); }},
    {kTransaction, [](Migration& m, std::string_view value) { m.transactional = switch_in(value); }},
    {"MIGRATION_REPEATABLE", [](Migration& m, std::string_view value) { m.repeatable = switch_in(value); }},
    {"MIGRATION_ALLOW_OUTSIDE", [](Migration& m, std::string_view value) { m.allow_outside = switch_in(value); }},
    {"MIGRATION_VARIABLES", [](Migration& m, std::string_view value) { m.variables = parse_variable_syntax(value); }},
    {"MIGRATION_LOCK_TIMEOUT", [](Migration& m, std::string_view value) { m.lock_timeout = parse_duration(value); }},
    {"MIGRATION_STATEMENT_TIMEOUT",
     [](Migration& m, std::string_view value) { m.statement_timeout = parse_duration(value); }},
    {"MIGRATION_AFTER", set_after},
    {"MIGRATION_BRANCHES", [](Migration& m, std::string_view value) { m.branches = words_of_list(value); }},
    {"MIGRATION_REQUIRES", set_required},
    {"MIGRATION_UNFINISHED", refuse_unfinished},
}};

// Of sqlx, npm's postgres-migrations, Atlas and morph.
constexpr std::array<std::string_view, 4> kNoTransaction{"no-transaction", "postgres-migrations disable-transaction",
                                                         "atlas:txmode none", "morph:nontransactional"};

bool says_no_transaction(std::string_view comment) noexcept {
  comment = ascii::trim(comment);
  if (!comment.starts_with("--")) return false;
  return std::find(kNoTransaction.begin(), kNoTransaction.end(), ascii::trim(comment.substr(2))) !=
         kNoTransaction.end();
}

/// A comment's text that begins with a word of the options' shape, in any case.
struct OptionWord {
  std::string_view name;
  std::string_view rest;  ///< behind the word, without leading white space
};

std::optional<OptionWord> match_option_word(std::string_view comment) noexcept {
  comment = ascii::trim(comment);
  if (!comment.starts_with("--")) return std::nullopt;
  comment = ascii::trim_left(comment.substr(2));
  const auto end =
      std::find_if_not(comment.begin(), comment.end(), [](char c) { return ascii::is_letter(c) || c == '_'; });
  const std::string_view name = comment.substr(0, static_cast<std::size_t>(end - comment.begin()));
  if (name.size() <= kPrefix.size() || !ascii::equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix)) {
    return std::nullopt;
  }
  return OptionWord{name, ascii::trim_left(comment.substr(name.size()))};
}

bool is_capital(std::string_view name) noexcept { return std::none_of(name.begin(), name.end(), ascii::is_lower); }

}  // namespace

std::optional<std::string_view> option_name(std::string_view line) noexcept {
  const std::optional<OptionWord> word = match_option_word(line);
  if (!word || !is_capital(word->name) || !word->rest.starts_with(':')) return std::nullopt;
  return word->name;
}

void OptionReader::refuse(int line, const std::string& message, std::string hint) const {
  throw Error(ErrorKind::bad_file, message, std::move(hint), std::string{file_}, line);
}

void OptionReader::read(std::string_view comment, int line) {
  if (says_no_transaction(comment)) {
    migration_.transactional = false;
    says_transaction_ = true;
    return;
  }
  const std::optional<OptionWord> word = match_option_word(comment);
  if (!word) return;
  const std::string name{word->name};
  const auto option = std::find_if(kOptions.begin(), kOptions.end(),
                                   [&](const Option& candidate) { return candidate.name == word->name; });
  const bool known = option != kOptions.end();
  if (!word->rest.starts_with(':')) {
    // Prose may begin so; but an option that is passed over because of a missing colon would be a trap.
    if (known) refuse(line, "no \":\" behind " + name, "Write -- " + name + ": and the value.");
    return;
  }
  if (!known) refuse(line, "unknown option " + quoted_text(name), kOptionsHint);
  int& given = lines_[static_cast<std::size_t>(option - kOptions.begin())];
  if (given > 0) refuse(line, name + " stands twice", "Line " + std::to_string(given) + " gives it already.");
  given = last_line_ = line;
  says_transaction_ = says_transaction_ || option->name == kTransaction;

  const std::string_view value = ascii::trim(word->rest.substr(1));
  if (value.empty()) {
    throw Error(ErrorKind::bad_value, name + " has no value",
                "Write the value behind the colon, or leave the line out.", std::string{file_}, line);
  }
  try {
    option->set(migration_, value);
  } catch (const Error& error) {
    throw Error(error.kind(), name + ": " + error.what(), error.hint(), std::string{file_}, line);
  }
}

}  // namespace tenancy::core
