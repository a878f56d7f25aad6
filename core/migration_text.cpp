#include "core/migration_text.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/ascii.h"
#include "core/envelope.h"
#include "core/error.h"
#include "core/message.h"
#include "core/option_line.h"
#include "core/source_text.h"
#include "core/sql_kind.h"
#include "core/sql_scanner.h"
#include "core/sql_statements.h"

namespace tenancy::core {

namespace {

[[noreturn]] void refuse_file(std::string_view file, int line, const std::string& message, std::string hint = {}) {
  throw Error(ErrorKind::bad_file, message, std::move(hint), std::string{file}, line);
}

/// A section marker, and where the text behind it begins.
struct Marker {
  int line = 0;
  std::size_t begin = 0;  ///< of the marker's line
  std::size_t end = 0;    ///< of the line behind it
};

/// Where the parts of an up or whole file are.
struct Outline {
  std::optional<Marker> up;
  std::optional<Marker> down;
  bool transactional = true;    ///< false when a marker says so
  std::size_t options_end = 0;  ///< of the line behind the last option
  int options_last_line = 0;
};

/// Comments by which tools say that a file is not, or not only, the SQL that it holds.
void check_promise(std::string_view file, int line, std::string_view comment) {
  if (comment.find("CANNOT BE WRITTEN AS SQL") != std::string_view::npos) {
    refuse_file(file, line, "Django left an operation out of this file: it cannot be written as SQL",
                "Write in SQL what the operation does, and take the comment away.");
  }
  if (ascii::equals_ignoring_case(comment, "liquibase formatted sql")) {
    refuse_file(file, line, "files of Liquibase are not supported",
                "Write each changeset into a file of its own, with -- UPGRADE and -- DOWNGRADE.");
  }
}

class OutlineReader {
 public:
  OutlineReader(std::string_view file, std::string_view text, const MarkerRules* rules, OptionReader& options) noexcept
      : file_(file), text_(text), rules_(rules), options_(options) {}

  Outline read() {
    SqlScanner scanner{text_};
    while (const auto line = scanner.next()) {
      const std::string_view text = ascii::trim(line->text);
      if (line->plain && text.empty()) continue;
      if (line->plain && text.starts_with("--"))
        read_comment(*line);
      else
        at_top_ = false;
    }
    if (rules_ != nullptr) check_sections();
    return outline_;
  }

 private:
  void read_comment(const SqlLine& line) {
    const std::string_view comment = comment_of(line.text);
    check_promise(file_, line.number, comment);
    if (rules_ != nullptr && rules_->mentions(comment)) {
      read_marker(line, rules_->read(file_, line));
    } else if (at_top_) {
      options_.read(line.text, line.number);
      if (options_.last_line() != line.number) return;
      outline_.options_end = next_line(line);
      outline_.options_last_line = line.number;
    } else if (const auto name = option_name(line.text)) {
      refuse_file(file_, line.number, std::string{*name} + " stands too low: options stand at the top of the file",
                  "Move it above the first statement and the first section marker.");
    }
    if (lookalike_.number == 0 && looks_like_down_marker(comment)) lookalike_ = {line.number, line.text};
  }

  void read_marker(const SqlLine& line, const SectionMarker& found) {
    outline_.transactional = outline_.transactional && found.transactional;
    if (found.kind == SectionMarker::Kind::other) return;
    at_top_ = false;
    const bool is_up = found.kind == SectionMarker::Kind::up;
    std::optional<Marker>& marker = is_up ? outline_.up : outline_.down;
    if (marker) {
      refuse_file(file_, line.number, "a second " + std::string{is_up ? rules_->up : rules_->down} + " section",
                  "The first begins at line " + std::to_string(marker->line) + ".");
    }
    if (is_up && outline_.down && rules_->up_first) {
      refuse_file(file_, line.number, std::string{rules_->up} + " stands behind " + std::string{rules_->down},
                  "Put the SQL that goes up first.");
    }
    marker = Marker{line.number, line.offset, next_line(line)};
  }

  void check_sections() const {
    if (rules_->needs_up && !outline_.up) {
      refuse_file(file_, 0, "there is no " + std::string{rules_->up_marker},
                  "Put it on a line of its own above the SQL that goes up.");
    }
    if (!outline_.down && lookalike_.number > 0) {
      refuse_file(file_, lookalike_.number,
                  quoted_text(ascii::trim(lookalike_.text)) + " is not quite a section marker",
                  "Write " + std::string{rules_->down_marker} + ", or reword the comment.");
    }
  }

  std::size_t next_line(const SqlLine& line) const noexcept {
    return std::min(text_.find('\n', line.offset), text_.size() - 1) + 1;
  }

  struct Lookalike {
    int number = 0;
    std::string_view text;
  };

  std::string_view file_;
  std::string_view text_;
  const MarkerRules* rules_;
  OptionReader& options_;
  Outline outline_;
  Lookalike lookalike_;  ///< the first line that looks like another tool's marker
  bool at_top_ = true;   ///< nothing but comments and blank lines so far
};

SqlSection make_section(std::string_view text, int first_line) {
  SqlSection section{std::string{ascii::trim_right(text)}, first_line};
  if (!section.sql.empty()) section.sql += '\n';
  return section;
}

/// From a marker to the other one, or to the end.
SqlSection marked_section(std::string_view text, const Marker& marker, const std::optional<Marker>& other) {
  const std::size_t end = other && other->begin > marker.begin ? other->begin : text.size();
  return make_section(text.substr(marker.end, end - marker.end), marker.line + 1);
}

void check_before_markers(std::string_view file, std::string_view text, const Outline& outline,
                          const MarkerRules& rules) {
  const std::size_t first = outline.down ? std::min(outline.up->begin, outline.down->begin) : outline.up->begin;
  if (const auto code = find_code(text.substr(0, first))) {
    refuse_file(file, line_of(text, *code), "SQL stands before the first section",
                "Move it below " + std::string{rules.up_marker} + " or " + std::string{rules.down_marker} + ".");
  }
}

/// Fills the sections of a whole file.
void read_sections(std::string_view file, std::string_view text, const Outline& outline, const MarkerRules* rules,
                   Migration& migration) {
  if (outline.up) {
    check_before_markers(file, text, outline, *rules);
    migration.up = marked_section(text, *outline.up, outline.down);
    if (migration.up.sql.empty())
      refuse_file(file, outline.up->line, "the " + std::string{rules->up} + " section is empty");
  } else if (outline.down) {
    const std::size_t begin = outline.options_end;
    migration.up = make_section(text.substr(begin, outline.down->begin - begin), outline.options_last_line + 1);
    if (migration.up.sql.empty()) {
      refuse_file(file, outline.down->line, "nothing stands before the " + std::string{rules->down} + " section",
                  "Put the SQL that goes up before it, or below " + std::string{rules->up_marker} + ".");
    }
  } else {
    migration.up = make_section(text, 1);
  }
  if (outline.down) {
    SqlSection down = marked_section(text, *outline.down, outline.up);
    if (find_code(down.sql)) migration.down = std::move(down);
  }
}

/// In a migration without a transaction BEGIN would mean something; it stays, and is refused where the SQL is checked.
void take_off_envelopes(Migration& migration) {
  if (!migration.transactional) return;
  const bool of_up = take_off_envelope(migration.up.sql);
  const bool of_down = migration.down && take_off_envelope(migration.down->sql);
  if (of_up || of_down) migration.note = "its own BEGIN and COMMIT were left out";
}

/// Takes the transaction away where the tool that the file is from would have none.
void detach(Migration& migration, TextRules::Detached detached) {
  if (detached == TextRules::Detached::none) return;
  const std::vector<SqlStatement> statements = split_statements(migration.up.sql);
  if (detached == TextRules::Detached::lone_statement && statements.size() != 1) return;
  for (const SqlStatement& statement : statements) {
    const std::string_view what = SqlKind{statement.text}.top_level_only();
    if (what.empty()) continue;
    migration.transactional = false;
    migration.note = "without a transaction, for " + std::string{what};
    return;
  }
}

}  // namespace

int read_up_text(std::string_view text, const TextRules& rules, Migration& migration) {
  const std::string_view file = migration.filename;
  if (ascii::trim(text).empty() && !rules.may_be_empty) {
    refuse_file(file, 0, "the file is empty", "Write the SQL that goes up, or a comment.");
  }
  OptionReader options{file, migration};
  const Outline outline = OutlineReader{file, text, rules.markers, options}.read();
  read_sections(file, text, outline, rules.markers, migration);
  migration.transactional = migration.transactional && outline.transactional;
  if (migration.transactional && !options.says_transaction()) detach(migration, rules.detached);
  take_off_envelopes(migration);
  return options.version_line();
}

void read_down_text(std::string_view text, Migration& migration) {
  SqlScanner scanner{text};
  while (const auto line = scanner.next()) {
    if (!line->plain) continue;
    if (ascii::trim_left(line->text).starts_with("--")) {
      check_promise(migration.filename, line->number, comment_of(line->text));
    }
    const auto option = option_name(line->text);
    if (!option) continue;
    refuse_file(migration.filename, line->number, std::string{*option} + " stands in a down file",
                "Options stand at the top of the up file.");
  }
  migration.down = make_section(text, 1);
  take_off_envelopes(migration);
}

}  // namespace tenancy::core
