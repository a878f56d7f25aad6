#include "driver/files/migration_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <system_error>

#include "core/error.h"
#include "core/file_name.h"
#include "core/migration_order.h"
#include "core/requirements.h"
#include "core/version.h"
#include "driver/apply/store.h"
#include "driver/command/failure.h"
#include "driver/files/file_advice.h"
#include "driver/files/source_folder.h"
#include "driver/files/statement_check.h"

namespace tenancy::driver {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostErrors = 100;     // of one folder; more of them say nothing new
constexpr std::size_t kMostPassedOver = 10;  // that are named, likewise

bool is_same_folder(const fs::path& left, const fs::path& right) {
  std::error_code error;
  return fs::equivalent(left, right, error) && !error;
}

std::vector<fs::path> other_folders(const std::vector<MigrationFolder>& folders, const MigrationFolder& mine) {
  std::vector<fs::path> others;
  for (const MigrationFolder& folder : folders) {
    if (&folder != &mine) others.push_back(folder.path);
  }
  return others;
}

std::string shown(const MigrationFolder& folder, const std::string& name) {
  return name.empty() ? std::string() : (folder.path / name).string();
}

std::string_view identity_of(std::string_view name) {
  std::optional<core::FileName> const parsed = core::parse_file_name(name);
  return parsed ? parsed->identity : name;
}

/// Takes out the file that an error is about, and the other parts of its migration, so that the rest can be read.
/// False when there is no such file.
bool leave_out(std::vector<core::SourceFile>& files, const core::Error& error) {
  bool const is_duplicate = error.kind() == core::ErrorKind::duplicate_version;
  std::string const identity(identity_of(error.file()));
  return std::erase_if(files, [&](const core::SourceFile& file) {
           return is_duplicate ? file.name == error.file() : identity_of(file.name) == identity;
         }) > 0;
}

void note_passed_over(const MigrationFolder& folder, const std::vector<std::string>& names,
                      std::vector<Finding>& findings) {
  if (names.size() > kMostPassedOver) {
    findings.push_back({Finding::Kind::warning, folder.path.string(), 0,
                        fmt::format("{} files are no migrations of this format, or not needed here, such as {}",
                                    names.size(), names.front()),
                        "Those for other databases may stay where they are."});
    return;
  }
  for (const std::string& name : names) {
    findings.push_back({Finding::Kind::warning, shown(folder, name), 0,
                        "not a migration of this format, or one that is not needed here",
                        "Give it the name of one, or move it elsewhere."});
  }
}

/// The core stops at the first error. To find all, the files that are in error are left out one by one.
std::vector<core::Migration> read_folder(const MigrationFolder& folder, std::vector<core::SourceFile> files,
                                         std::vector<Finding>& findings) {
  core::FileDefaults defaults = folder.defaults;
  defaults.sha256 = sha256;
  defaults.sha1 = sha1;
  for (std::size_t errors = 0;; ++errors) {
    try {
      std::vector<std::string> passed_over;
      std::vector<core::Migration> migrations = core::parse_migration_folder(files, defaults, &passed_over);
      note_passed_over(folder, passed_over, findings);
      return migrations;
    } catch (const core::Error& error) {
      findings.push_back({Finding::Kind::error, shown(folder, error.file()), error.line(), error.what(), error.hint()});
      if (errors == kMostErrors || !leave_out(files, error)) return {};
    }
  }
}

/// One set may have several folders.
void find_duplicates(const std::vector<core::Migration>& migrations, std::vector<Finding>& findings) {
  std::map<std::pair<std::string_view, std::string>, const core::Migration*> known;
  for (const core::Migration& two : migrations) {
    auto const [place, is_new] = known.try_emplace({two.set, core::version_key(two.version)}, &two);
    if (is_new) continue;
    findings.push_back({Finding::Kind::error, two.filename, 0,
                        fmt::format("version {} of set {} is in two files: {} and {}", two.version, two.set,
                                    place->second->filename, two.filename),
                        "Give one of them a version of its own."});
  }
}

/// They may be stored already, so that this is no error.
void find_gaps(const std::vector<core::Migration>& migrations, std::vector<Finding>& findings) {
  std::set<std::pair<std::string_view, std::string_view>> known;
  for (const core::Migration& one : migrations) known.emplace(one.set, one.version);
  for (const core::Migration& one : migrations) {
    for (const std::string& word : one.after.value_or(std::vector<std::string>())) {
      std::string_view const version = core::predecessor_in(word).version;
      if (known.contains({one.set, version})) continue;
      findings.push_back({Finding::Kind::warning, one.filename, 0,
                          fmt::format("it comes after {}, which no file of set {} holds", version, one.set),
                          "Mend MIGRATION_AFTER, unless that one is stored already."});
    }
  }
}

/// The same of what other sets must have.
void find_unknown_requirements(const std::vector<core::Migration>& migrations, std::vector<Finding>& findings) {
  std::set<std::string> known;
  for (const core::Migration& one : migrations) known.insert(core::version_label({}, one.set, one.version));
  for (const core::Migration& one : migrations) {
    for (const std::string& required : one.required) {
      if (known.contains(required)) continue;
      core::LabelledVersion const wanted = core::parse_requirement(required);
      findings.push_back({Finding::Kind::warning, one.filename, 0,
                          fmt::format("it requires {} of set {}, which no file holds", wanted.version, wanted.set),
                          "Mend MIGRATION_REQUIRES, unless that one is stored already."});
    }
  }
}

void find_circles(const std::vector<core::Migration>& migrations, std::vector<Finding>& findings) {
  std::map<std::string, std::vector<core::StoredMigration>> by_set;
  for (const core::Migration& one : migrations) {
    core::StoredMigration& stored = by_set[one.set].emplace_back();
    stored.version = one.version;
    stored.repeatable = one.repeatable;
    stored.required = one.required;
    stored.after = one.after;
  }
  std::vector<core::MigrationSet> sets;
  try {
    for (auto& [name, of_set] : by_set) sets.emplace_back(name, std::move(of_set));
  } catch (const core::Error&) {
    return;  // a gap, of which a warning tells
  }
  std::vector<const core::MigrationSet*> pointers;
  for (const core::MigrationSet& set : sets) pointers.push_back(&set);
  if (std::optional<core::Error> const circle = core::find_circle(pointers)) {
    findings.push_back({Finding::Kind::error, {}, 0, circle->what(), circle->hint()});
  }
}

/// Of several folders.
void sort(std::vector<core::Migration>& migrations, std::vector<Finding>& findings) {
  try {
    core::sort_migrations(migrations);
  } catch (const core::Error& error) {
    findings.push_back({Finding::Kind::error, {}, 0, error.what(), error.hint()});
    migrations.clear();
  }
}

}  // namespace

std::vector<MigrationFolder> migration_folders(const Settings& settings, const std::optional<fs::path>& only) {
  MigrationFolder const main{settings.migrations, {settings.migration_set, settings.scope, settings.file_format}};
  std::vector<MigrationFolder> folders;
  // Without a main folder the sets may be everything there is.
  std::error_code error;
  if (settings.sets.empty() || fs::exists(main.path, error)) folders.push_back(main);
  for (const auto& [name, set] : settings.sets) folders.push_back({set.folder, {name, set.scope, set.file_format}});
  if (!only) return folders;
  auto const known = std::find_if(folders.begin(), folders.end(),
                                  [&](const MigrationFolder& folder) { return is_same_folder(folder.path, *only); });
  return {known != folders.end() ? *known : MigrationFolder{*only, main.defaults}};
}

bool MigrationFiles::has_errors() const noexcept {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.kind == Finding::Kind::error; });
}

MigrationFiles read_migration_files(const std::vector<MigrationFolder>& folders) {
  MigrationFiles result;
  for (const MigrationFolder& folder : folders) {
    SourceFolder source = read_source_folder(folder.path, other_folders(folders, folder));
    result.files += source.files.size();
    for (const std::string& name : source.ignored) {
      result.findings.push_back({Finding::Kind::warning, shown(folder, name), 0, "not a migration file: it is ignored",
                                 "Migration files end in .sql, in lower case."});
    }
    std::vector<core::Migration> migrations = read_folder(folder, std::move(source.files), result.findings);
    check_statements(folder, migrations, result.findings);
    // A file in error leaves a gap, and there is enough to say about it.
    if (!result.has_errors()) advise(folder, migrations, result.findings);
    std::move(migrations.begin(), migrations.end(), std::back_inserter(result.migrations));
  }
  sort(result.migrations, result.findings);
  find_duplicates(result.migrations, result.findings);
  if (!result.has_errors()) {
    find_gaps(result.migrations, result.findings);
    find_unknown_requirements(result.migrations, result.findings);
    find_circles(result.migrations, result.findings);
  }
  std::stable_partition(result.findings.begin(), result.findings.end(),
                        [](const Finding& finding) { return finding.kind == Finding::Kind::error; });
  return result;
}

void name_files(std::vector<Finding>& findings, const std::vector<MigrationFolder>& folders) {
  for (Finding& finding : findings) {
    for (const MigrationFolder& folder : folders) {
      std::error_code error;
      fs::path const path = folder.path / finding.file;
      if (finding.file.empty() || !fs::exists(path, error)) continue;
      finding.file = path.string();
      break;
    }
  }
}

std::vector<core::Migration> read_migrations(const Settings& settings) {
  MigrationFiles files = read_migration_files(migration_folders(settings));
  for (const Finding& finding : files.findings) {
    if (finding.kind != Finding::Kind::error) continue;
    throw core::Error(core::ErrorKind::bad_file, finding.message, finding.hint, finding.file, finding.line);
  }
  return std::move(files.migrations);
}

}  // namespace tenancy::driver
