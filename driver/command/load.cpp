#include <fmt/core.h>

#include <boost/json.hpp>
#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/listing.h"
#include "driver/command/load.h"
#include "driver/files/findings.h"
#include "driver/files/store_loader.h"

namespace tenancy::driver {

namespace {

using Action = LoadedMigration::Action;

struct LoadArguments {
  std::optional<std::string> folder;
  bool dry_run = false;
};

Color color_of(Action action) {
  switch (action) {
    case Action::refused:
      return Color::red;
    case Action::missing_file:
      return Color::yellow;
    case Action::added:
    case Action::updated:
      return Color::green;
    case Action::unchanged:
      return Color::none;
  }
  return Color::none;
}

/// People see what is not as it was, unless they want to see all.
void list_migrations(const LoadResult& result, const OutputOptions& output) {
  Listing listing({{"migration_set", "set"},
                   {"version", "version"},
                   {"description", "description", ValueForm::text, true},
                   {"action", "action"},
                   {"file", "file", ValueForm::text, true},
                   {"note"}},
                  output);
  for (const LoadedMigration& one : result.migrations) {
    if (one.action == Action::unchanged && !output.json && !output.verbose) continue;
    listing.add({one.set, one.version, one.description, std::string(to_string(one.action)), one.filename,
                 one.note.empty() ? std::nullopt : std::optional(one.note)},
                color_of(one.action));
  }
  listing.finish();
}

void print_summary(const LoadResult& result, const OutputOptions& output, bool dry_run) {
  if (output.json) {
    print_json({{"type", "summary"},
                {"added", result.count(Action::added)},
                {"updated", result.count(Action::updated)},
                {"unchanged", result.count(Action::unchanged)},
                {"refused", result.count(Action::refused)},
                {"no_file", result.count(Action::missing_file)},
                {"stored", result.is_stored}});
    return;
  }
  fmt::print("{} added, {} updated, {} unchanged", result.count(Action::added), result.count(Action::updated),
             result.count(Action::unchanged));
  if (std::size_t const refused = result.count(Action::refused); refused > 0) {
    fmt::print(", {} refused: nothing was stored", refused);
  } else if (dry_run) {
    fmt::print(": nothing was stored, as --dry-run says");
  }
  fmt::print("\n");
  if (std::size_t const missing = result.count(Action::missing_file); missing > 0) {
    fmt::print("{} stored without a file: take {} out with tenancy.drop_migration(), or put the {} back\n",
               counted(missing, "migration") + (missing == 1 ? " is" : " are"), missing == 1 ? "it" : "them",
               missing == 1 ? "file" : "files");
  }
}

/// Errors in files, before a server is asked.
void require_good(const MigrationFiles& files, const OutputOptions& output) {
  std::vector<Finding> errors;
  for (const Finding& finding : files.findings) {
    if (finding.kind == Finding::Kind::error) errors.push_back(finding);
  }
  if (files.migrations.empty() && errors.empty()) {
    throw UsageError("there are no migration files",
                     "Migration files are NNN_name.sql, NNN_name.up.sql or NNN_name/up.sql; tenancy new makes one.");
  }
  if (errors.empty()) return;
  if (output.github) fmt::print("{}", findings_annotations(errors));
  fmt::print(stderr, "{}", findings_text(errors));
  throw UsageError(findings_count(errors) + " in the migration files: nothing was stored");
}

ExitCode load(Context& context, const LoadArguments& arguments) {
  const Settings& settings = context.settings();
  if (settings.standalone.enabled) {
    throw UsageError(
        "a standalone fleet has no control database to load into",
        "Its operations read the files themselves: tenancy check looks at them, tenancy upgrade runs them.");
  }
  std::vector<MigrationFolder> const folders = migration_folders(settings, arguments.folder);
  MigrationFiles files = read_migration_files(folders);
  require_good(files, settings.output);
  LoadResult result = context.run(load_into_store(context, std::move(files.migrations), !arguments.dry_run));
  name_files(result.findings, folders);
  if (settings.output.github) fmt::print("{}", findings_annotations(result.findings));
  fmt::print(stderr, "{}", findings_text(result.findings));
  std::fflush(stdout);
  list_migrations(result, settings.output);
  print_summary(result, settings.output, arguments.dry_run);
  return result.count(Action::refused) > 0 ? kUsage : kDone;
}

}  // namespace

ExitCode load_folder(Context& context, const std::string& folder) { return load(context, {.folder = folder}); }

boost::asio::awaitable<LoadResult> load_into_store(Context& context, std::vector<core::Migration> migrations,
                                                   bool keep) {
  Connection connection = co_await context.connect();
  auto const limit = context.settings().lanes.target_timeout;
  Deadline const deadline = limit.count() == 0 ? kNoDeadline : std::chrono::steady_clock::now() + limit;
  co_return co_await load_migrations(connection, std::move(migrations), keep, deadline);
}

void add_load(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<LoadArguments>();
  Command& command = add_command(
      app, {.name = "load",
            .group = kStart,
            .summary = "Store migration files in the control database",
            .details = "Says which migrations are new, changed or refused. All are stored or none. What is applied to "
                       "a tenant of that database keeps its up SQL: a change of it is refused.",
            .examples = {{"tenancy load", "the folder of tenancy.toml"},
                         {"tenancy load db/migrations --dry-run", "what would be stored"},
                         {"tenancy load --set analytics analytics/", "a set of its own"}}});
  command.add_option("DIR", arguments->folder, "the folder [migrations, and those of sets]");
  command.add_flag("-n,--dry-run", arguments->dry_run, "say what would be stored, and store nothing");
  add_setting_flags(command, context,
                    {"migration_set", "scope", "file_format", "json", "verbose", "github", "target_timeout"});
  set_action(command, context, [&context, arguments] { return load(context, *arguments); });
}

}  // namespace tenancy::driver
