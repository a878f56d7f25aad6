// tenancy import alembic: the revisions of a project of Alembic as migration files.
#include <fmt/core.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "driver/alembic/project.h"
#include "driver/alembic/revision_files.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/listing.h"
#include "driver/command/load.h"
#include "driver/files/findings.h"
#include "driver/files/source_folder.h"

namespace tenancy::driver {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinished = "MIGRATION_UNFINISHED:";

struct ImportArguments {
  std::optional<std::string> folder;
  AlembicCall call;
  std::string schema;
  bool overwrite = false;
  bool load = false;
};

enum class FileState { written, unchanged, kept };

std::string_view to_string(FileState state) {
  if (state == FileState::written) return "written";
  return state == FileState::unchanged ? "unchanged" : "kept";
}

fs::path folder_for(const Settings& settings, const std::optional<std::string>& asked) {
  if (asked) return *asked;
  auto const set = settings.sets.find(settings.migration_set);
  return set != settings.sets.end() ? set->second.folder : settings.migrations;
}

/// What a flag says belongs into the files; what the configuration says of all files of the folder does not.
RevisionFileOptions options_for(Context& context, const ImportArguments& arguments, const fs::path& folder) {
  const Settings& settings = context.settings();
  RevisionFileOptions options{.schema = arguments.schema};
  auto const set = settings.sets.find(settings.migration_set);
  bool const is_folder_of_set = set != settings.sets.end() && set->second.folder == folder;
  if (context.configuration().is_given("scope")) options.scope = settings.scope;
  if (context.configuration().is_given("migration_set") && !is_folder_of_set) {
    options.migration_set = settings.migration_set;
  }
  return options;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What somebody has changed since is theirs, unless they say otherwise.
FileState write_file(const fs::path& path, const std::string& text, bool overwrite) {
  if (fs::exists(path)) {
    if (read_text(path) == text) return FileState::unchanged;
    if (!overwrite) return FileState::kept;
    fs::remove(path);
  }
  write_new_file(path, text);
  return FileState::written;
}

/// Of all files of a revision: what people must know first.
FileState write_files(const fs::path& folder, const RevisionFiles& files, bool overwrite) {
  FileState result = FileState::unchanged;
  for (const auto& [name, text] : files.files) {
    FileState const state = write_file(folder / name, text, overwrite);
    if (result == FileState::unchanged || state == FileState::kept) result = state;
  }
  return result;
}

struct Counts {
  std::size_t written = 0, unchanged = 0, kept = 0, unfinished = 0;
};

void print_summary(const Counts& counts, const AlembicProject& project, const fs::path& folder,
                   const OutputOptions& output) {
  if (output.json) {
    print_json({{"type", "summary"},
                {"written", counts.written},
                {"unchanged", counts.unchanged},
                {"kept", counts.kept},
                {"unfinished", counts.unfinished}});
    return;
  }
  fmt::print("{} of Alembic {} in {}: {} written, {} unchanged, {} kept\n",
             counted(project.revisions.size(), "revision"), project.version, folder.string(), counts.written,
             counts.unchanged, counts.kept);
  if (counts.kept > 0) fmt::print("kept: the file has another text now; --overwrite takes that of Alembic\n");
  if (counts.unfinished > 0) {
    fmt::print("{} to be written by hand: write the SQL into the file, and take MIGRATION_UNFINISHED out of it\n",
               counted(counts.unfinished, "revision") + (counts.unfinished == 1 ? " is" : " are"));
  }
}

ExitCode import_alembic(Context& context, const ImportArguments& arguments) {
  const Settings& settings = context.settings();
  fs::path const folder = folder_for(settings, arguments.folder);
  RevisionFileOptions const options = options_for(context, arguments, folder);
  AlembicProject const project = read_alembic_project(arguments.call);
  std::vector<RevisionFiles> all;
  for (const AlembicRevision& revision : project.revisions) all.push_back(files_of(revision, options));

  Listing listing({{"revision", "revision"},
                   {"message", "message", ValueForm::text, true},
                   {"file", "file", ValueForm::text, true},
                   {"state", "state"},
                   {"note", "note", ValueForm::text, true}},
                  settings.output);
  Counts counts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const RevisionFiles& files = all[i];
    FileState const state = write_files(folder, files, arguments.overwrite);
    ++(state == FileState::written ? counts.written : state == FileState::kept ? counts.kept : counts.unchanged);
    bool const is_unfinished = !files.unfinished.empty() &&
                               read_text(folder / files.files.front().first).find(kUnfinished) != std::string::npos;
    if (is_unfinished) ++counts.unfinished;
    std::string const& note = is_unfinished ? files.unfinished : files.note;
    listing.add({project.revisions[i].revision, project.revisions[i].message, files.files.front().first,
                 std::string(to_string(state)), note.empty() ? std::nullopt : std::optional(note)},
                is_unfinished              ? Color::red
                : state == FileState::kept ? Color::yellow
                                           : Color::none);
  }
  listing.finish();
  print_summary(counts, project, folder, settings.output);
  if (counts.unfinished > 0) return kUsage;
  return arguments.load ? load_folder(context, folder.string()) : kDone;
}

void add_import_alembic(CLI::App& parent, Context& context) {
  auto const arguments = std::make_shared<ImportArguments>();
  Command& command = add_command(
      parent,
      {.name = "alembic",
       .summary = "The revisions of a project of Alembic as migration files",
       .details =
           "Runs the project's own Alembic, in its offline mode, and writes two files for each revision, "
           "NAME.up.sql and NAME.down.sql, with its id as the version and its place in the graph. Check them in, and "
           "load them. Repeat it when Alembic has new revisions; files that differ by then are kept.\n\n"
           "A revision that cannot be rendered without a database is named, and its file is refused by check and load "
           "until its SQL is written by hand.\n\n"
           "Where env.py or the revisions name the tenant's schema, give it a name that nothing else has, by -x or "
           "the environment as always, and say that name with --schema: it is taken out.",
       .examples = {{"tenancy import alembic", "alembic.ini here, into the folder of tenancy.toml"},
                    {"tenancy import alembic -c db/alembic.ini -n users --set users db/users", "a named section"},
                    {"tenancy import alembic -x schema=the_tenant --schema the_tenant", "SQL with schemas in it"},
                    {"tenancy import alembic --load", "and load the files"}}});
  command.add_option("DIR", arguments->folder, "folder of the files [migrations, or that of the set]");
  command.add_option("-c", arguments->call.config, "Alembic's configuration file [ALEMBIC_CONFIG, or alembic.ini]")
      ->type_name("FILE");
  command.add_option("-n,--name", arguments->call.section, "its section [alembic]")->type_name("SECTION");
  command.add_option("-x", arguments->call.arguments, "an argument for env.py; repeat it for more")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--schema", arguments->schema, "the tenant's schema in the SQL, which is taken out")
      ->type_name("NAME");
  command.add_option("--python", arguments->call.python, "the Python that has Alembic [that of alembic on PATH]")
      ->type_name("FILE");
  command.add_flag("--overwrite", arguments->overwrite, "also files that have another text now");
  command.add_flag("--load", arguments->load, "load the folder then, when all could be rendered");
  add_setting_flags(command, context, {"migration_set", "scope", "json", "verbose", "github", "target_timeout"});
  set_action(command, context, [&context, arguments] { return import_alembic(context, *arguments); });
}

}  // namespace

void add_import_project(CLI::App& app, Context& context) {
  Command& command =
      add_command(app, {.name = "import", .group = kStart, .summary = "Migration files from another tool's project"});
  add_import_alembic(command, context);
}

}  // namespace tenancy::driver
