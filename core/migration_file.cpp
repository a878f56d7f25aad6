#include "core/migration_file.h"

#include <utility>

#include "core/error.h"
#include "core/file_name.h"
#include "core/flyway.h"
#include "core/format_detection.h"
#include "core/format_name.h"
#include "core/migration_metadata.h"
#include "core/migration_order.h"
#include "core/migration_text.h"
#include "core/source_text.h"
#include "core/utf8.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

[[noreturn]] void refuse_file(std::string_view file, const std::string& message, std::string hint = {}) {
  throw Error(ErrorKind::bad_file, message, std::move(hint), std::string{file});
}

std::string_view example_of(Format format) noexcept {
  switch (format) {
    case Format::flyway:
      return "V1__create_users.sql";
    case Format::prisma:
      return "20240131120000_create_users/migration.sql";
    case Format::diesel:
      return "2024-01-31-120000_create_users/up.sql";
    case Format::golang_migrate:
    case Format::pop:
      return "001_create_users.up.sql";
    default:
      return "001_create_users.sql";
  }
}

FormatName name_in(Format format, std::string_view name) {
  if (format == Format::sqitch) {
    refuse_file(name, "a script of sqitch is no migration without its plan",
                "Load the whole folder, the one that sqitch.plan is in.");
  }
  std::optional<FormatName> result = parse_format_name(format, name);
  if (!result || valid_utf8_length(name) < name.size()) {
    const std::string of = format == Format::own ? "" : " of " + std::string{to_string(format)};
    refuse_file(name, "this is not the name of a migration file" + of,
                "Name it as " + std::string{example_of(format)} + " is named.");
  }
  if (!result->dialect.empty() && result->dialect != "postgres") {
    refuse_file(name, "this file is for another database: " + result->dialect);
  }
  return std::move(*result);
}

/// Version and description, where the header does not give them. Part `whole` and `up` must get a version.
void apply_name(std::string_view file, const FormatName& name, Migration& migration) {
  const bool must_have_version = name.part == FilePart::whole || name.part == FilePart::up;
  if (migration.version.empty() && !name.version.empty()) {
    if (!is_version(name.version)) {
      throw Error(ErrorKind::bad_value, "the version in the name is longer than 128 bytes", {}, std::string{file});
    }
    migration.version = name.version;
  } else if (migration.version.empty() && migration.repeatable && is_version(name.stem)) {
    migration.version = name.stem;
  } else if (migration.version.empty() && must_have_version) {
    refuse_file(file, migration.repeatable ? "the name is no version" : "the name holds no version",
                migration.repeatable
                    ? "A repeatable migration is known by its name, which may have letters, digits and "
                      "any of . _ - + @ in it."
                    : "Begin the name with a number, as 001_create_users.sql does, or put "
                      "-- MIGRATION_VERSION: at the top of the file.");
  }
  if (migration.description.empty()) migration.description = name.description;
}

void check_placed(std::string_view file, const Migration& migration) {
  try {
    check_place(migration);
  } catch (const Error& error) {
    throw Error(error.kind(), error.what(), error.hint(), std::string{file});
  }
}

void read_metadata(std::string_view file, std::string_view text, ParsedFile& parsed) {
  if (parsed.format == Format::flyway) {
    const FlywayScriptConfig config = read_flyway_config(file, text);
    parsed.migration.transactional = config.transactional;
    parsed.replaces_placeholders = config.placeholders;
  } else {
    parsed.migration.transactional = read_run_in_transaction(file, text);
  }
}

TextRules text_rules(Format format, const FormatName& name) noexcept {
  using Detached = TextRules::Detached;
  const bool is_pair = name.part == FilePart::up && !name.identity.ends_with('/');
  TextRules rules;
  if (name.part == FilePart::whole) rules.markers = marker_rules(format);
  // Flyway looks at each statement. golang-migrate and Prisma send the file as it is: the server makes a transaction of
  // several statements, and none of one.
  if (format == Format::flyway) rules.detached = Detached::any_statement;
  const bool may_be_golang_migrate = is_pair && (format == Format::own || format == Format::golang_migrate);
  if (may_be_golang_migrate || format == Format::prisma) rules.detached = Detached::lone_statement;
  // With pop, an empty file says that this database needs nothing.
  rules.may_be_empty = format == Format::pop;
  return rules;
}

}  // namespace

ParsedFile parse_migration_file(std::string_view name, std::string_view content, const FileDefaults& defaults) {
  const SourceFile source{std::string{name}, std::string{content}};
  const SourceFile* const alone = &source;
  const Format format = defaults.format ? *defaults.format : detect_format({&alone, 1});
  const FormatName said = name_in(format, name);
  ParsedFile file{said.part, {}};
  file.format = format;
  Migration& migration = file.migration;
  migration.set = defaults.set;
  migration.scope = defaults.scope;
  migration.filename = name;
  migration.repeatable = said.repeatable;
  migration.transactional = said.transactional;

  const std::string text = read_source_text(name, content);
  if (format == Format::flyway) migration.variables = VariableSyntax::dollar;
  switch (file.part) {
    case FilePart::whole:
    case FilePart::up:
      file.version_line = read_up_text(text, text_rules(format, said), migration);
      migration.tool_checksum = tool_checksum(format, content, defaults.sha256);
      break;
    case FilePart::down:
      read_down_text(text, migration);
      break;
    case FilePart::metadata:
      read_metadata(name, text, file);
      break;
  }
  if (migration.variables == VariableSyntax::dollar && !has_placeholders(migration)) {
    migration.variables = VariableSyntax::none;
  }
  if (said.baseline) {
    migration.note = "a baseline; tenancy.resolve records it where the versions that it stands for were applied";
  }
  apply_name(name, said, migration);
  check_placed(name, migration);
  return file;
}

}  // namespace tenancy::core
