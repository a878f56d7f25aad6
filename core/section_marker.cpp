#include "core/section_marker.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"

namespace tenancy::core {

namespace {

using Kind = SectionMarker::Kind;

[[noreturn]] void refuse(std::string_view file, const SqlLine& line, const std::string& message, std::string hint) {
  throw Error(ErrorKind::bad_file, message, std::move(hint), std::string{file}, line.number);
}

/// A marker that is nearly spelled right is no comment: the SQL that takes a schema down would run as a part of the SQL
/// that takes it up.
[[noreturn]] void refuse_misspelled(std::string_view file, const SqlLine& line, std::string_view marker) {
  refuse(file, line, quoted_text(ascii::trim(line.text)) + " is not quite a section marker",
         "Write " + std::string{marker} + ", or reword the comment.");
}

bool starts_with_ignoring_case(std::string_view text, std::string_view beginning) noexcept {
  return text.size() >= beginning.size() && ascii::equals_ignoring_case(text.substr(0, beginning.size()), beginning);
}

std::vector<std::string_view> words_in(std::string_view text) {
  std::vector<std::string_view> words;
  for (text = ascii::trim(text); !text.empty(); text = ascii::trim_left(text)) {
    const auto end = std::find_if(text.begin(), text.end(), ascii::is_space);
    words.push_back(text.substr(0, static_cast<std::size_t>(end - text.begin())));
    text.remove_prefix(words.back().size());
  }
  return words;
}

/// Tools that read lines by their beginning take one that is indented, or has no space behind the dashes where they
/// want one, for a comment.
void check_beginning(std::string_view file, const SqlLine& line, std::string_view beginning, std::string_view marker) {
  if (!line.text.starts_with(beginning)) refuse_misspelled(file, line, marker);
}

// Ours: `-- UPGRADE` and `-- DOWNGRADE`, alone on a line.

std::string_view own_word(std::string_view comment) noexcept {
  if (comment.ends_with(':')) comment = ascii::trim_right(comment.substr(0, comment.size() - 1));
  for (const std::string_view word : {"UPGRADE", "DOWNGRADE"}) {
    if (ascii::equals_ignoring_case(comment, word)) return word;
  }
  return {};
}

SectionMarker read_own(std::string_view file, const SqlLine& line) {
  const std::string_view word = own_word(comment_of(line.text));
  const std::string_view text = ascii::trim(line.text);
  const bool spaced = text.size() > 2 && (text[2] == ' ' || text[2] == '\t');
  if (!spaced || text.find(word) == std::string_view::npos) refuse_misspelled(file, line, "-- " + std::string{word});
  return {word == "UPGRADE" ? Kind::up : Kind::down};
}

constexpr MarkerRules kOwn{"UPGRADE",
                           "DOWNGRADE",
                           "-- UPGRADE",
                           "-- DOWNGRADE",
                           false,
                           false,
                           [](std::string_view comment) noexcept { return !own_word(comment).empty(); },
                           read_own};

// dbmate: `-- migrate:up` and `-- migrate:down`, each with options behind it.

constexpr std::string_view kDbmateWord = "migrate:";

SectionMarker read_dbmate(std::string_view file, const SqlLine& line) {
  check_beginning(file, line, "--", "-- migrate:up or -- migrate:down at the beginning of the line");
  const std::vector<std::string_view> words = words_in(comment_of(line.text));
  SectionMarker marker{words.front() == "migrate:up" ? Kind::up : Kind::down};
  if (marker.kind == Kind::down && words.front() != "migrate:down") {
    refuse_misspelled(file, line, "-- migrate:up or -- migrate:down");
  }
  for (auto option = words.begin() + 1; option != words.end(); ++option) {
    if (*option == "transaction:false") {
      marker.transactional = false;
    } else if (*option != "transaction:true") {
      refuse(file, line, "unknown option " + quoted_text(*option),
             "The only option is transaction:false or transaction:true.");
    }
  }
  return marker;
}

constexpr MarkerRules kDbmate{
    "migrate:up",
    "migrate:down",
    "-- migrate:up",
    "-- migrate:down",
    true,
    true,
    [](std::string_view comment) noexcept { return starts_with_ignoring_case(comment, kDbmateWord); },
    read_dbmate};

// goose: `-- +goose Up`, `-- +goose Down` and other annotations, in any case.

SectionMarker read_goose(std::string_view file, const SqlLine& line) {
  check_beginning(file, line, "--", "-- +goose Up or -- +goose Down at the beginning of the line");
  const std::vector<std::string_view> words = words_in(comment_of(line.text));
  std::string annotation;
  for (auto word = words.begin() + 1; word != words.end(); ++word) {
    if (!annotation.empty()) annotation += ' ';
    std::transform(word->begin(), word->end(), std::back_inserter(annotation), ascii::to_lower);
  }
  if (annotation == "up") return {Kind::up};
  if (annotation == "down") return {Kind::down};
  if (annotation == "no transaction") return {Kind::other, false};
  if (annotation == "envsub on") {
    refuse(file, line, "goose's ENVSUB is not supported: values come from the environment of whoever runs goose",
           "Write the values into the SQL, and take the annotation away.");
  }
  if (annotation != "statementbegin" && annotation != "statementend" && annotation != "envsub off") {
    refuse(file, line, "unknown annotation of goose: " + quoted_text(line.text),
           "The annotations are Up, Down, StatementBegin, StatementEnd and NO TRANSACTION.");
  }
  return {};
}

constexpr MarkerRules kGoose{
    "+goose Up",
    "+goose Down",
    "-- +goose Up",
    "-- +goose Down",
    true,
    true,
    [](std::string_view comment) noexcept { return starts_with_ignoring_case(comment, "+goose"); },
    read_goose};

// sql-migrate: `-- +migrate Up` and `-- +migrate Down`, with the option `notransaction`.

SectionMarker read_sql_migrate(std::string_view file, const SqlLine& line) {
  constexpr std::string_view kBeginning = "-- +migrate ";
  check_beginning(file, line, kBeginning, "-- +migrate Up or -- +migrate Down at the beginning of the line");
  const std::vector<std::string_view> words = words_in(line.text.substr(kBeginning.size()));
  const std::string_view word = words.empty() ? std::string_view{} : words.front();
  if (word == "StatementBegin" || word == "StatementEnd") return {};
  if (word != "Up" && word != "Down") refuse_misspelled(file, line, "-- +migrate Up or -- +migrate Down");
  SectionMarker marker{word == "Up" ? Kind::up : Kind::down};
  for (auto option = words.begin() + 1; option != words.end(); ++option) {
    if (*option != "notransaction") {
      refuse(file, line, "unknown option " + quoted_text(*option), "The only option is notransaction.");
    }
    marker.transactional = false;
  }
  return marker;
}

constexpr MarkerRules kSqlMigrate{
    "+migrate Up",
    "+migrate Down",
    "-- +migrate Up",
    "-- +migrate Down",
    true,
    false,
    [](std::string_view comment) noexcept { return starts_with_ignoring_case(comment, "+migrate"); },
    read_sql_migrate};

// node-pg-migrate: comments that begin with `Up Migration` and `Down Migration`, in any case and however many dashes.

Kind node_kind(std::string_view comment) noexcept {
  while (comment.starts_with('-') || comment.starts_with(' ') || comment.starts_with('\t')) comment.remove_prefix(1);
  for (const auto& [word, kind] : {std::pair{std::string_view{"up"}, Kind::up}, {"down", Kind::down}}) {
    if (!starts_with_ignoring_case(comment, word)) continue;
    const std::string_view rest = comment.substr(word.size());
    if (rest.size() > ascii::trim_left(rest).size() && starts_with_ignoring_case(ascii::trim_left(rest), "migration")) {
      return kind;
    }
  }
  return Kind::other;
}

constexpr MarkerRules kNodePgMigrate{
    "Up Migration",
    "Down Migration",
    "-- Up Migration",
    "-- Down Migration",
    false,
    false,
    [](std::string_view comment) noexcept { return node_kind(comment) != Kind::other; },
    [](std::string_view, const SqlLine& line) { return SectionMarker{node_kind(comment_of(line.text))}; }};

}  // namespace

const MarkerRules* marker_rules(Format format) noexcept {
  switch (format) {
    case Format::own:
    case Format::rails:
    case Format::django:
      return &kOwn;
    case Format::dbmate:
      return &kDbmate;
    case Format::goose:
      return &kGoose;
    case Format::sql_migrate:
      return &kSqlMigrate;
    case Format::node_pg_migrate:
      return &kNodePgMigrate;
    case Format::golang_migrate:
    case Format::flyway:
    case Format::diesel:
    case Format::prisma:
    case Format::sqitch:
    case Format::pop:
      return nullptr;
  }
  return nullptr;
}

std::string_view comment_of(std::string_view line) noexcept {
  line = ascii::trim(line);
  return line.starts_with("--") ? ascii::trim_left(line.substr(2)) : std::string_view{};
}

bool looks_like_down_marker(std::string_view comment) noexcept {
  constexpr std::array<std::string_view, 7> kWords{"down",        "downs",     "downmigration", "rollback",
                                                   "migratedown", "goosedown", "migrationdown"};
  constexpr std::size_t kLongest = 13;
  std::array<char, kLongest> letters{};
  std::size_t count = 0;
  for (const char c : comment) {
    if (ascii::is_digit(c) || static_cast<unsigned char>(c) >= 0x80) return false;
    if (!ascii::is_letter(c)) continue;
    if (count == kLongest) return false;
    letters[count++] = ascii::to_lower(c);
  }
  return std::find(kWords.begin(), kWords.end(), std::string_view{letters.data(), count}) != kWords.end();
}

}  // namespace tenancy::core
