// Feeds arbitrary bytes to everything in core that reads text from outside, and checks what must hold for
// every input. A property that fails aborts, which is how libFuzzer learns of it.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/envelope.h"
#include "core/error.h"
#include "core/migration_file.h"
#include "core/revision.h"
#include "core/source_text.h"
#include "core/sql_scanner.h"
#include "core/tracking_sql.h"
#include "core/variables.h"
#include "core/version.h"

namespace {

using namespace tenancy::core;

void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

constexpr std::array<std::string_view, 13> kNames{"001_create_users.sql",
                                                  "001_create_users.up.sql",
                                                  "001_create_users.down.sql",
                                                  "001_create_users/up.sql",
                                                  "001_create_users/metadata.toml",
                                                  "notes.sql",
                                                  "V1_2__create_users.sql",
                                                  "V1_2__create_users.sql.conf",
                                                  "U1_2__create_users.sql",
                                                  "R__views.sql",
                                                  "001_create_users/migration.sql",
                                                  "001_create_users.postgres.up.sql",
                                                  "001_create_users.autocommit.down.sql"};
constexpr std::array<Format, 6> kFormats{Format::own,         Format::dbmate,          Format::goose,
                                         Format::sql_migrate, Format::node_pg_migrate, Format::django};

void check_migration(const ParsedFile& file) {
  const Migration& migration = file.migration;
  const bool is_main = file.part == FilePart::whole || file.part == FilePart::up;
  require(!is_main || is_version(migration.version), "a migration has a version");
  require(is_set_name(migration.set), "a migration has a set");
  const bool may_be_empty =
      is_main && file.format == Format::pop;  // which writes such files for what another database needs
  require(may_be_empty || is_main != migration.up.sql.empty(), "up and whole files alone have SQL that goes up");
  for (const std::string& sql : {migration.up.sql, migration.down ? migration.down->sql : std::string{}}) {
    require(sql.find("\r\n") == std::string::npos, "line ends are LF");
    require(sql.empty() || sql.ends_with('\n'), "a section ends in LF");
  }
}

/// The text is read again from what was kept of it: a file that is written back must keep its checksum.
void check_stable(std::string_view name, const ParsedFile& file) {
  if (file.part != FilePart::up) return;
  const ParsedFile again = parse_migration_file(name, file.migration.up.sql);
  require(again.migration.up == file.migration.up, "a text that was read reads the same again");
}

void check_files(std::string_view content) {
  for (const std::string_view name : kNames) {
    try {
      const ParsedFile file = parse_migration_file(name, content);
      check_migration(file);
      check_stable(name, file);
    } catch (const Error& error) {
      require(error.file() == name, "an error names its file");
    }
  }
}

/// The content in every format of one file, as a plan, and as all files of a folder.
void check_formats(std::string_view content) {
  for (const Format format : kFormats) {
    FileDefaults defaults;
    defaults.format = format;
    try {
      check_migration(parse_migration_file("001_create_users.sql", content, defaults));
    } catch (const Error& error) {
      require(error.file() == "001_create_users.sql", "an error names its file");
    }
  }
  std::vector<SourceFile> files{{"sqitch.plan", std::string{content}}, {"deploy/a.sql", "SELECT 1;"}};
  try {
    for (const Migration& migration : parse_migration_folder(files)) {
      require(migration.filename == "deploy/a.sql", "a change has a script");
    }
  } catch (const Error& error) {
    require(!error.file().empty(), "an error names its file");
  }
  const std::string_view name = content.substr(0, content.find('\n'));
  files = {{std::string{name}, std::string{content}}, {"002_b.up.sql", "b"}, {"V3__c.sql", "c"}};
  try {
    (void)parse_migration_folder(files);
  } catch (const Error& error) {
    require(!error.file().empty(), "an error names its file");
  }
}

void check_envelope(std::string_view content) {
  std::string sql{content};
  const std::string before = sql;
  if (!take_off_envelope(sql)) return require(sql == before, "SQL without an envelope stays as it is");
  require(sql.size() < before.size() && !take_off_envelope(sql), "an envelope is taken off once");
}

void check_variables(std::string_view content) {
  for (const VariableSyntax syntax : {VariableSyntax::braces, VariableSyntax::dollar}) {
    try {
      const VariableText text{{std::string{content}, 1}, syntax, "001.sql"};
      TargetVariables variables{.schema = "s", .tenant = "t"};
      for (const std::string& name : text.names()) variables.given[name] = name;
      const SqlSection section = text.render(variables);
      require(!text.names().empty() || section.sql == content, "text without variables stays as it is");
      require(section.line_at(section.sql.size()) == line_of(content, content.size()), "lines are those of the file");
    } catch (const Error& error) {
      require(error.file() == "001.sql" && error.line() > 0, "an error names file and line");
    }
  }
}

/// The first line of the content as a name.
void check_name(std::string_view content) {
  const std::string_view name = content.substr(0, content.find('\n'));
  try {
    (void)parse_migration_file(name, "SELECT 1");
    require(is_migration_file(name), "a file that is read has the name of one");
  } catch (const Error&) {
  }
}

void check_scanner(std::string_view content) {
  std::size_t end = 0;
  int number = 0;
  SqlScanner scanner{content};
  while (const auto line = scanner.next()) {
    require(line->offset == end, "lines follow each other without a gap");
    require(line->number == ++number, "lines are counted");
    require(content.substr(line->offset, line->text.size()) == line->text, "a line is a part of the text");
    end = line->offset + line->text.size();
    if (content.substr(end).starts_with("\r\n")) ++end;
    if (end < content.size()) require(content[end++] == '\n', "a line ends at its line end");
  }
  require(end == content.size(), "the lines are the whole text");
  if (const auto code = find_code(content)) require(*code < content.size(), "code is inside the text");
}

void check_versions(std::string_view content) {
  std::vector<std::string> keys;
  for (std::size_t begin = 0; begin < content.size() && keys.size() < 8;) {
    const std::size_t end = std::min(content.find_first_of("\n ", begin), content.size());
    keys.push_back(version_key(content.substr(begin, end - begin)));
    require(keys.back() == version_key("0" + std::string{content.substr(begin, end - begin)}) || content[begin] < '0' ||
                content[begin] > '9' || content.substr(begin, 2) == "19" || content.substr(begin, 2) == "20",
            "a zero in front of a number says nothing");
    begin = end + 1;
  }
  for (const std::string& a : keys) {
    for (const std::string& b : keys) {
      require((a < b) + (b < a) + (a == b) == 1, "versions are ordered");
      for (const std::string& c : keys) require(!(a < b && b < c) || a < c, "the order is transitive");
    }
  }
}

void check_identifier(std::string_view name) {
  const std::string quoted = quote_identifier(name);
  require(quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"', "an identifier is in quotes");
  std::string back;
  for (std::size_t at = 1; at + 1 < quoted.size(); ++at) {
    if (quoted[at] == '"') require(at + 2 < quoted.size() && quoted[++at] == '"', "quotes inside are doubled");
    back += quoted[at];
  }
  require(back == name, "an identifier reads as the name");
}

void check_words(std::string_view content) {
  try {
    const Revision revision = parse_revision(content);
    require(revision.kind != Revision::Kind::version || is_version(revision.version), "a revision is a version");
  } catch (const Error&) {
  }
  try {
    require(parse_duration(content).count() >= 0, "a time is not negative");
  } catch (const Error&) {
  }
  require(tracked_description(content).size() <= content.size(), "a description is cut");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content{reinterpret_cast<const char*>(data), size};
  check_files(content);
  check_formats(content);
  check_envelope(content);
  check_variables(content);
  check_name(content);
  check_scanner(content);
  check_versions(content);
  check_identifier(content);
  check_words(content);
  return 0;
}
