#include "core/migration_file.h"

#include <algorithm>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "core/file_name.h"
#include "core/message.h"
#include "core/migration_metadata.h"
#include "core/option_line.h"
#include "core/source_text.h"
#include "core/sql_scanner.h"
#include "core/utf8.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

constexpr const char* kVersionHint =
    "Begin the name with a number, as 001_create_users.sql does, or put -- MIGRATION_VERSION: at the top of the file.";

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
  std::size_t options_end = 0;  ///< of the line behind the last option
  int options_last_line = 0;
};

/// `UPGRADE` or `DOWNGRADE` when the line is a comment of that word alone, in any case.
std::string_view marker_word(std::string_view line) noexcept {
  std::string_view word = ascii::trim(line);
  if (!word.starts_with("--")) return {};
  word = ascii::trim_left(word.substr(2));
  if (word.ends_with(':')) word = ascii::trim_right(word.substr(0, word.size() - 1));
  for (const std::string_view marker : {"UPGRADE", "DOWNGRADE"}) {
    if (ascii::equals_ignoring_case(word, marker)) return marker;
  }
  return {};
}

/// A marker that is nearly spelled right is no comment: the SQL that takes a schema down would run as a part
/// of the SQL that takes it up.
void check_marker(std::string_view file, const SqlLine& line, std::string_view word) {
  const std::string_view text = ascii::trim(line.text);
  const bool spaced = text.size() > 2 && (text[2] == ' ' || text[2] == '\t');
  if (spaced && text.find(word) != std::string_view::npos) return;
  refuse_file(file, line.number, quoted_text(text) + " is not quite a section marker",
              "Write -- " + std::string{word} + ", or reword the comment.");
}

class OutlineReader {
 public:
  OutlineReader(std::string_view file, std::string_view text, FilePart part, OptionReader& options) noexcept
      : file_(file), text_(text), part_(part), options_(options) {}

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
    return outline_;
  }

 private:
  void read_comment(const SqlLine& line) {
    if (const std::string_view word = marker_word(line.text); part_ == FilePart::whole && !word.empty()) {
      read_marker(line, word);
    } else if (at_top_) {
      options_.read(line.text, line.number);
      if (options_.last_line() != line.number) return;
      outline_.options_end = next_line(line);
      outline_.options_last_line = line.number;
    } else if (const auto name = option_name(line.text)) {
      refuse_file(file_, line.number, std::string{*name} + " stands too low: options stand at the top of the file",
                  "Move it above the first statement and the first section marker.");
    }
  }

  void read_marker(const SqlLine& line, std::string_view word) {
    check_marker(file_, line, word);
    at_top_ = false;
    std::optional<Marker>& marker = word == "UPGRADE" ? outline_.up : outline_.down;
    if (marker) {
      refuse_file(file_, line.number, "a second " + std::string{word} + " section",
                  "The first begins at line " + std::to_string(marker->line) + ".");
    }
    marker = Marker{line.number, line.offset, next_line(line)};
  }

  std::size_t next_line(const SqlLine& line) const noexcept {
    return std::min(text_.find('\n', line.offset), text_.size() - 1) + 1;
  }

  std::string_view file_;
  std::string_view text_;
  FilePart part_;
  OptionReader& options_;
  Outline outline_;
  bool at_top_ = true;  ///< nothing but comments and blank lines so far
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

void check_before_markers(std::string_view file, std::string_view text, const Outline& outline) {
  const std::size_t first = outline.down ? std::min(outline.up->begin, outline.down->begin) : outline.up->begin;
  if (const auto code = find_code(text.substr(0, first))) {
    refuse_file(file, line_of(text, *code), "SQL stands before the first section",
                "Move it below -- UPGRADE or -- DOWNGRADE.");
  }
}

/// Fills the sections of a whole file.
void read_sections(std::string_view file, std::string_view text, const Outline& outline, Migration& migration) {
  if (outline.up) {
    check_before_markers(file, text, outline);
    migration.up = marked_section(text, *outline.up, outline.down);
    if (migration.up.sql.empty()) refuse_file(file, outline.up->line, "the UPGRADE section is empty");
  } else if (outline.down) {
    const std::size_t begin = outline.options_end;
    migration.up = make_section(text.substr(begin, outline.down->begin - begin), outline.options_last_line + 1);
    if (migration.up.sql.empty()) {
      refuse_file(file, outline.down->line, "nothing stands before the DOWNGRADE section",
                  "Put the SQL that goes up before it, or into an UPGRADE section.");
    }
  } else {
    migration.up = make_section(text, 1);
  }
  if (outline.down) {
    SqlSection down = marked_section(text, *outline.down, outline.up);
    if (find_code(down.sql)) migration.down = std::move(down);
  }
}

/// Version and description, where the header does not give them. Part `whole` and `up` must get a version.
void read_name(std::string_view file, const FileName& name, Migration& migration) {
  const std::optional<VersionedStem> stem = split_stem(name.stem);
  const bool must_have_version = name.part == FilePart::whole || name.part == FilePart::up;
  if (migration.version.empty() && stem) {
    if (!is_version(stem->version)) {
      throw Error(ErrorKind::bad_value, "the version in the name is longer than 128 bytes", {}, std::string{file});
    }
    migration.version = stem->version;
  } else if (migration.version.empty() && migration.repeatable && is_version(name.stem)) {
    migration.version = name.stem;
  } else if (migration.version.empty() && must_have_version) {
    refuse_file(file, 0, "the name holds no version", kVersionHint);
  }
  if (migration.description.empty() && stem) migration.description = words_of(stem->rest);
}

void read_up(const FileName& name, std::string_view text, Migration& migration, int& version_line) {
  const std::string_view file = migration.filename;
  if (ascii::trim(text).empty()) refuse_file(file, 0, "the file is empty", "Write the SQL that goes up, or a comment.");
  OptionReader options{file, migration};
  const Outline outline = OutlineReader{file, text, name.part, options}.read();
  version_line = options.version_line();
  read_sections(file, text, outline, migration);
}

void read_down(std::string_view text, Migration& migration) {
  SqlScanner scanner{text};
  while (const auto line = scanner.next()) {
    const auto option = line->plain ? option_name(line->text) : std::nullopt;
    if (!option) continue;
    refuse_file(migration.filename, line->number, std::string{*option} + " stands in a down file",
                "Options stand at the top of the up file.");
  }
  migration.down = make_section(text, 1);
}

}  // namespace

bool is_migration_file(std::string_view name) noexcept { return parse_file_name(name).has_value(); }

ParsedFile parse_migration_file(std::string_view name, std::string_view content, const FileDefaults& defaults) {
  const std::optional<FileName> file_name = parse_file_name(name);
  if (!file_name || valid_utf8_length(name) < name.size()) {
    refuse_file(name, 0, "this is not the name of a migration file", "Name it as 001_create_users.sql is named.");
  }
  ParsedFile file{file_name->part, {}};
  Migration& migration = file.migration;
  migration.set = defaults.set;
  migration.scope = defaults.scope;
  migration.filename = name;

  const std::string text = read_source_text(name, content);
  switch (file.part) {
    case FilePart::whole:
    case FilePart::up:
      read_up(*file_name, text, migration, file.version_line);
      break;
    case FilePart::down:
      read_down(text, migration);
      break;
    case FilePart::metadata:
      migration.transactional = read_run_in_transaction(name, text);
      break;
  }
  read_name(name, *file_name, migration);
  return file;
}

}  // namespace tenancy::core
