#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/load.h"
#include "driver/files/findings.h"

namespace tenancy::driver {

namespace {

struct CheckArguments {
  std::optional<std::string> folder;
  bool strict = false;
  bool offline = false;
};

/// The server's parser, and what is stored and applied already: all is loaded, and rolled back.
void ask_server(Context& context, const std::vector<MigrationFolder>& folders, MigrationFiles& files) {
  LoadResult result = context.run(load_into_store(context, files.migrations, false));
  name_files(result.findings, folders);
  for (Finding& finding : result.findings) {
    bool const is_known = std::any_of(files.findings.begin(), files.findings.end(), [&](const Finding& known) {
      return known.file == finding.file && known.line == finding.line && known.kind == finding.kind;
    });
    if (!is_known) files.findings.push_back(std::move(finding));
  }
}

std::string summary(const MigrationFiles& files) {
  std::string const count = findings_count(files.findings);
  return fmt::format("{} in {}: {}", counted(files.migrations.size(), "migration"), counted(files.files, "file"),
                     count.empty() ? "nothing to object" : count);
}

ExitCode check_files(Context& context, const CheckArguments& arguments) {
  const Settings& settings = context.settings();
  std::vector<MigrationFolder> const folders = migration_folders(settings, arguments.folder);
  MigrationFiles files = read_migration_files(folders);
  bool const has_store = !settings.database.empty() && !settings.standalone.enabled;
  bool const asks = has_store && !arguments.offline && !files.migrations.empty();
  if (asks) ask_server(context, folders, files);
  bool const could_ask = settings.database.empty() && !settings.standalone.enabled && !arguments.offline;
  const char* const not_asked = asks        ? ""
                                : could_ask ? "; a server was not asked: --database names one"
                                            : "; a server was not asked";
  if (settings.output.json) {
    fmt::print("{{\"files\":{},\"migrations\":{},\"findings\":{}}}\n", files.files, files.migrations.size(),
               findings_json(files.findings));
  } else {
    if (settings.output.github) fmt::print("{}", findings_annotations(files.findings));
    fmt::print("{}{}{}\n", findings_text(files.findings), summary(files), not_asked);
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
            .details = "Says everything that can be said of the files at once: names, options, sections, statements, "
                       "versions that are there twice or left out. With a control database (--database, "
                       "TENANCY_DATABASE, tenancy.toml) its server also parses the SQL and compares with what is "
                       "stored and applied; nothing is stored. Ends with 2 when there is an error.",
            .examples = {{"tenancy check", "the folder of tenancy.toml"},
                         {"tenancy check --offline", "the files alone"},
                         {"tenancy check db/migrations --strict", "warnings are errors"}}});
  command.add_option("DIR", arguments->folder, "the folder [migrations, and those of sets]");
  command.add_flag("--strict", arguments->strict, "end with 2 for warnings too");
  command.add_flag("--offline", arguments->offline, "do not ask the server of the control database");
  add_setting_flags(command, context, {"migration_set", "scope", "file_format", "json", "github", "target_timeout"});
  set_action(command, context, [&context, arguments] { return check_files(context, *arguments); });
}

}  // namespace tenancy::driver
