#include "driver/alembic/revision_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/ascii.h"
#include "core/message.h"
#include "core/version.h"
#include "driver/alembic/schema_name.h"
#include "driver/command/failure.h"

namespace tenancy::driver {

namespace {

constexpr const char* kNothing = "-- There is nothing to do.\n";

/// The SQL of a script for any tenant, and why it is not all of it.
struct Script {
  std::string sql;
  std::string reason;
};

Script script_of(const AlembicRevision& revision, const RenderedScript& rendered, const std::string& schema) {
  Script script{std::string(core::ascii::trim(rendered.sql)), {}};
  if (!script.sql.empty()) script.sql += '\n';
  if (!rendered.error.empty()) {
    script.reason = "Alembic cannot render it without a database: " + rendered.error;
    std::string const file = revision.file.filename().string();
    if (rendered.line > 0) script.reason += fmt::format(" ({} line {})", file, rendered.line);
  }
  if (schema.empty()) return script;
  UnqualifiedSql unqualified = without_schema(script.sql, schema);
  script.sql = std::move(unqualified.sql);
  if (unqualified.is_named_still && script.reason.empty()) {
    script.reason =
        "it names schema " + schema + " otherwise than in front of a name, so that it is for that one alone";
  }
  return script;
}

std::string header(const AlembicRevision& revision, const RevisionFileOptions& options, const std::string& unfinished) {
  std::string text = "-- MIGRATION_VERSION: " + revision.revision + "\n";
  auto const option = [&](std::string_view name, std::string_view value) {
    text += fmt::format("-- MIGRATION_{}: {}\n", name, value);
  };
  if (!revision.message.empty()) option("DESCRIPTION", revision.message);
  option("AFTER", revision.after.empty() ? "base" : fmt::format("{}", fmt::join(revision.after, ", ")));
  if (!revision.branches.empty()) option("BRANCHES", fmt::format("{}", fmt::join(revision.branches, ", ")));
  if (options.migration_set) option("SET", *options.migration_set);
  if (options.scope) option("SCOPE", core::to_string(*options.scope));
  if (revision.up.autocommit || revision.down.autocommit) option("TRANSACTION", "off");
  if (!unfinished.empty()) option("UNFINISHED", unfinished);
  return text + "\n";
}

/// Files of a pair are joined by what stands in front: names that begin with the time are not unique.
std::string stem_for(const AlembicRevision& revision) {
  std::string stem = revision.file.stem().string();
  return stem.starts_with(revision.revision) ? stem : revision.revision + "_" + stem;
}

std::string note_of(const AlembicRevision& revision, const Script& up, const Script& down) {
  if (revision.up.asks_for_mode || revision.down.asks_for_mode) {
    return "it asks whether it is rendered offline: look at its SQL";
  }
  if (down.reason.empty() && down.sql.empty() && !up.sql.empty()) return "going down does nothing, as in Alembic";
  if (!down.reason.empty()) return "irreversible: going down, " + down.reason;
  return {};
}

}  // namespace

RevisionFiles files_of(const AlembicRevision& revision, const RevisionFileOptions& options) {
  if (!core::is_version(revision.revision)) {
    throw UsageError("revision " + core::quoted_text(revision.revision) + " cannot be a version",
                     "A version is up to 128 letters, digits and any of . _ - + @, begins with a letter or a digit.");
  }
  Script const up = script_of(revision, revision.up, options.schema);
  Script const down = script_of(revision, revision.down, options.schema);
  RevisionFiles result{.unfinished = up.reason, .note = note_of(revision, up, down)};
  std::string const stem = stem_for(revision);
  result.files.emplace_back(stem + ".up.sql",
                            header(revision, options, up.reason) + (up.sql.empty() ? kNothing : up.sql));
  if (down.reason.empty()) {
    result.files.emplace_back(stem + ".down.sql", down.sql.empty() ? kNothing : down.sql);
  }
  return result;
}

}  // namespace tenancy::driver
