#include <fmt/core.h>

#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/files/findings.h"

namespace tenancy::driver {

namespace {

struct CheckArguments {
  std::optional<std::string> folder;
  bool strict = false;
};

std::string summary(const MigrationFiles& files) {
  std::string const count = findings_count(files.findings);
  return fmt::format("{} in {}: {}", counted(files.migrations.size(), "migration"), counted(files.files, "file"),
                     count.empty() ? "nothing to object" : count);
}

ExitCode check_files(Context& context, const CheckArguments& arguments) {
  const Settings& settings = context.settings();
  MigrationFiles const files = read_migration_files(migration_folders(settings, arguments.folder));
  if (settings.output.json) {
    fmt::print("{{\"files\":{},\"migrations\":{},\"findings\":{}}}\n", files.files, files.migrations.size(),
               findings_json(files.findings));
  } else {
    if (settings.output.github) fmt::print("{}", findings_annotations(files.findings));
    fmt::print("{}{}\n", findings_text(files.findings), summary(files));
  }
  bool const refused = files.has_errors() || (arguments.strict && !files.findings.empty());
  return refused ? kUsage : kDone;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<CheckArguments>();
  Command& command = add_command(
      app, {.name = "check",
            .group = kStart,
            .summary = "Check migration files",
            .details = "Says everything that can be said of the files at once: names, options, sections, versions that "
                       "are there twice or left out. Ends with 2 when there is an error.",
            .examples = {{"tenancy check", "the folder of tenancy.toml"},
                         {"tenancy check db/migrations --strict", "warnings are errors"}}});
  command.add_option("DIR", arguments->folder, "the folder [migrations, and those of sets]");
  command.add_flag("--strict", arguments->strict, "end with 2 for warnings too");
  add_setting_flags(command, context, {"migration_set", "scope", "file_format", "json", "github"});
  set_action(command, context, [&context, arguments] { return check_files(context, *arguments); });
}

}  // namespace tenancy::driver
