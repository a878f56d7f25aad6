#include <fmt/chrono.h>
#include <fmt/core.h>

#include <chrono>
#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/files/new_migration.h"

namespace tenancy::driver {

namespace {

struct NewArguments {
  std::string words;
  std::string layout;
};

/// The folder that the new file belongs into: that of its set, when the set has one.
MigrationFolder folder_for(const Settings& settings) {
  auto const set = settings.sets.find(settings.migration_set);
  if (set != settings.sets.end()) return {set->second.folder, {set->first, set->second.scope, set->second.file_format}};
  return {settings.migrations, {.format = settings.file_format}};
}

ExitCode write_files(Context& context, const NewArguments& arguments) {
  const Settings& settings = context.settings();
  MigrationFolder const folder = folder_for(settings);
  NewMigration wanted{.words = arguments.words};
  // What a flag says belongs into the file; what the configuration says of all files need not stand in each.
  wanted.scope = context.configuration().is_given("scope") ? settings.scope : folder.defaults.scope;
  wanted.migration_set = settings.migration_set;
  if (!arguments.layout.empty()) wanted.layout = parse_file_layout(arguments.layout);
  std::string const now = fmt::format("{:%Y%m%d%H%M%S}", fmt::gmtime(std::chrono::system_clock::now()));
  for (const std::filesystem::path& path : write_new_migration(folder, wanted, now)) {
    fmt::print("{}\n", path.string());
  }
  return kDone;
}

}  // namespace

void add_new(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<NewArguments>();
  Command& command = add_command(
      app, {.name = "new",
            .group = kStart,
            .summary = "Make the files of a new migration",
            .details = "The version is the next one of the folder: a number as wide as the newest, or the time (UTC) "
                       "where these are timestamps. Prints the paths.",
            .examples = {{"tenancy new add_invoices", "migrations/002_add_invoices.sql"},
                         {"tenancy new plans --scope public", "for the schema that all tenants share"},
                         {"$EDITOR $(tenancy new add_invoices)", "begin to write"}}});
  command.add_option("NAME", arguments->words, "what it does, in words: add_invoices")->required();
  command.add_option("--format", arguments->layout, "file, pair or folder [as the newest migration]")
      ->type_name("FORMAT");
  add_setting_flags(command, context, {"migration_set", "scope"});
  set_action(command, context, [&context, arguments] { return write_files(context, *arguments); });
}

}  // namespace tenancy::driver
