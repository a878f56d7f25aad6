#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/file_name.h"
#include "core/flyway.h"
#include "core/format_detection.h"
#include "core/format_name.h"
#include "core/migration_file.h"
#include "core/migration_order.h"
#include "core/pop.h"
#include "core/prisma.h"
#include "core/section_marker.h"
#include "core/source_text.h"
#include "core/sqitch.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

using FilePointers = std::vector<const SourceFile*>;

std::string identity_of(Format format, std::string_view filename) {
  const std::optional<FormatName> name = parse_format_name(format, filename);
  return name ? name->identity : std::string{};
}

bool is_later_part(FilePart part) noexcept { return part == FilePart::down || part == FilePart::metadata; }

/// Has the name an ending of scripts that tools of other languages take for migrations, beside SQL files?
bool is_code(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 11> kEndings{".go", ".fizz", ".java", ".kt",  ".py", ".rb",
                                                      ".js", ".ts",   ".mjs",  ".cjs", ".php"};
  const std::string_view base = split_path(name).base;
  if (base.ends_with("_test.go") || base.ends_with(".d.ts")) return false;
  const bool is_numbered = split_stem(base.substr(0, base.find('.'))) ||
                           parse_format_name(Format::flyway, std::string{base.substr(0, base.rfind('.'))} + ".sql");
  return is_numbered &&
         std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return base.ends_with(ending); });
}

/// A script that happens to lie in the folder: no version in its name, nothing of a migration in its text.
bool is_plain_sql(Format format, const SourceFile& file) {
  const std::optional<FormatName> name = parse_format_name(format, file.name);
  if (!name) return true;
  if (name->part != FilePart::whole || !name->version.empty() || name->repeatable) return false;
  const auto mentions = [&](std::string_view word) { return file.content.find(word) != std::string::npos; };
  const MarkerRules* const rules = marker_rules(format);
  return !mentions("MIGRATION_") && (rules == nullptr || (!mentions(rules->up) && !mentions(rules->down)));
}

/// A migration of a folder with what ordering and duplicate checks need.
struct Entry {
  Migration migration;
  std::string key;
  int version_line = 0;
  std::size_t position = 0;  ///< among the files, so that of two alike the later one is reported
};

[[noreturn]] void refuse_lone_part(const ParsedFile& part) {
  const bool is_down = part.part == FilePart::down;
  throw Error(ErrorKind::bad_file, std::string{is_down ? "this down file" : "this metadata.toml"} + " has no up file",
              is_down ? "Give both files of a migration the same number before .up.sql and .down.sql, or put up.sql "
                        "and down.sql into one folder."
                      : "Put it beside the script that it is for.",
              part.migration.filename);
}

[[noreturn]] void refuse_duplicate(const Entry& first, const Entry& second) {
  const bool of_one_folder =
      split_path(first.migration.filename).folder == split_path(second.migration.filename).folder;
  throw Error(ErrorKind::duplicate_version,
              "version " + second.migration.version + " of set " + second.migration.set +
                  " is in two files: " + first.migration.filename + " and " + second.migration.filename,
              std::string{"Give one of them a version of its own"} +
                  (of_one_folder ? "." : ", or load each folder into a set of its own."),
              second.migration.filename, second.version_line);
}

void check_duplicates(const std::vector<Entry>& entries) {
  std::vector<const Entry*> ordered;
  ordered.reserve(entries.size());
  for (const Entry& entry : entries) ordered.push_back(&entry);
  const auto identity = [](const Entry* e) { return std::tie(e->migration.set, e->key); };
  std::sort(ordered.begin(), ordered.end(), [&](const Entry* a, const Entry* b) {
    return std::tuple_cat(identity(a), std::tie(a->position)) < std::tuple_cat(identity(b), std::tie(b->position));
  });
  const auto twins = std::adjacent_find(ordered.begin(), ordered.end(),
                                        [&](const Entry* a, const Entry* b) { return identity(a) == identity(b); });
  if (twins != ordered.end()) refuse_duplicate(*twins[0], *twins[1]);
}

std::vector<Migration> sorted(std::vector<Entry> entries) {
  std::vector<Migration> result;
  result.reserve(entries.size());
  for (Entry& entry : entries) result.push_back(std::move(entry.migration));
  sort_migrations(result);
  return result;
}

/// Files of one format, set and scope.
struct FileGroup {
  FileDefaults defaults;
  FilePointers files;
};

/// A folder that says where its migrations apply.
std::optional<Scope> scope_of_folder(std::string_view folder) noexcept {
  if (folder == "shared" || folder == "public") return Scope::shared;
  if (folder == "tenant" || folder == "tenants" || folder == "per_tenant") return Scope::tenant;
  return std::nullopt;
}

/// Takes the first folder off `path`; empty when there is none.
std::string_view take_folder(std::string_view& path) noexcept {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view folder = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  return folder;
}

/// By the folders that say a set or a scope, in the order of their names.
std::map<std::string, FileGroup> group_files(std::span<const SourceFile> files, const FileDefaults& defaults) {
  std::map<std::string, FileGroup> groups;
  for (const SourceFile& file : files) {
    if (!is_migration_file(file.name)) continue;
    FileDefaults own = defaults;
    std::string_view rest = file.name;
    std::string_view folder = take_folder(rest);
    if (defaults.sets_from_folders && is_set_name(folder)) {
      own.set = folder;
      if (const auto scope = scope_of_folder(folder)) own.scope = *scope;
      folder = take_folder(rest);
    }
    if (const auto scope = scope_of_folder(folder)) own.scope = *scope;
    FileGroup& group = groups[own.set + "/" + std::string{to_string(own.scope)} + "/" +
                              (scope_of_folder(folder) ? std::string{folder} : std::string{})];
    group.defaults = std::move(own);
    group.files.push_back(&file);
  }
  return groups;
}

class FolderReader {
 public:
  explicit FolderReader(std::vector<std::string>* passed_over) noexcept : passed_over_(passed_over) {}

  void read(const FileGroup& group) {
    const Format format = group.defaults.format ? *group.defaults.format : detect_format(group.files);
    FileDefaults defaults = group.defaults;
    defaults.format = format;
    FilePointers files = without_code(group.files);
    if (format == Format::sqitch) return read_sqitch(files, defaults);
    FilePointers left_out;
    if (format == Format::pop) files = select_pop_files(files, left_out);
    if (format == Format::flyway) files = without_needless_baselines(files, left_out);
    if (passed_over_ != nullptr) {
      for (const SourceFile* file : left_out) passed_over_->push_back(file->name);
    }
    if (format == Format::prisma) files = without_prisma_lock(files);
    read_files(files, defaults);
  }

  std::vector<Migration> finish() {
    check_duplicates(entries_);
    return sorted(std::move(entries_));
  }

 private:
  void add(Migration migration, int version_line) {
    std::string key = version_key(migration.version);
    entries_.push_back({std::move(migration), std::move(key), version_line, entries_.size()});
  }

  /// Refuses migrations in other languages, which a tool would run between the SQL ones, unless SQL stands beside them.
  static FilePointers without_code(const FilePointers& files) {
    FilePointers rest;
    for (const SourceFile* file : files) {
      if (!is_code(file->name)) {
        rest.push_back(file);
        continue;
      }
      const std::string stem = file->name.substr(0, file->name.rfind('.')) + ".";
      const bool has_sql = std::any_of(files.begin(), files.end(), [&](const SourceFile* other) {
        return other->name.starts_with(stem) && other->name.ends_with(".sql");
      });
      if (has_sql) continue;
      throw Error(ErrorKind::bad_file, "this migration is not SQL",
                  "Write its SQL into a file of the same name that ends in .sql, or move it out of the folder.",
                  file->name);
    }
    return rest;
  }

  void read_sqitch(const FilePointers& files, const FileDefaults& defaults) {
    FilePointers left_out;
    for (Migration& migration : read_sqitch_folder(files, defaults, left_out)) add(std::move(migration), 0);
    for (const SourceFile* file : left_out) pass_over(*file, "the plan does not name this script");
  }

  static FilePointers without_prisma_lock(const FilePointers& files) {
    FilePointers rest;
    for (const SourceFile* file : files) {
      if (split_path(file->name).base == kPrismaLock) {
        check_prisma_lock(file->name, read_source_text(file->name, file->content));
      } else {
        rest.push_back(file);
      }
    }
    return rest;
  }

  void read_files(const FilePointers& files, const FileDefaults& defaults) {
    const Format format = *defaults.format;
    std::vector<ParsedFile> later_parts;
    std::unordered_map<std::string, std::size_t> by_identity;
    for (const SourceFile* file : files) {
      if (passed_over_ != nullptr && is_plain_sql(format, *file)) {
        passed_over_->push_back(file->name);
        continue;
      }
      ParsedFile parsed = parse_migration_file(file->name, file->content, defaults);
      if (is_later_part(parsed.part)) {
        later_parts.push_back(std::move(parsed));
        continue;
      }
      by_identity.try_emplace(identity_of(format, file->name), entries_.size());
      add(std::move(parsed.migration), parsed.version_line);
    }
    for (const ParsedFile& part : later_parts) {
      const auto found = by_identity.find(identity_of(format, part.migration.filename));
      if (found == by_identity.end()) refuse_lone_part(part);
      merge_part(entries_[found->second].migration, part);
    }
  }

  void pass_over(const SourceFile& file, const std::string& reason) {
    if (passed_over_ == nullptr) throw Error(ErrorKind::bad_file, reason, "Move it out of the folder.", file.name);
    passed_over_->push_back(file.name);
  }

  std::vector<std::string>* passed_over_;
  std::vector<Entry> entries_;
};

}  // namespace

bool is_migration_file(std::string_view name) noexcept {
  if (is_hidden(name)) return false;
  const std::string_view base = split_path(name).base;
  return base.ends_with(".sql") || (base.ends_with(".sql.conf") && parse_format_name(Format::flyway, name)) ||
         base == kSqitchPlan || base == kPrismaLock || parse_file_name(name) || is_code(name);
}

void merge_part(Migration& migration, const ParsedFile& part) {
  const std::string& filename = part.migration.filename;
  const std::string identity = identity_of(part.format, filename);
  if (!is_later_part(part.part) || identity.empty() || identity != identity_of(part.format, migration.filename)) {
    throw Error(ErrorKind::bad_file, "this is no part of migration " + migration.version,
                migration.filename.empty() ? "" : "The migration is in " + migration.filename + ".", filename);
  }
  // Only `false` says anything: true is the default, and the up file may already say off.
  if (!part.migration.transactional) migration.transactional = false;
  if (!part.replaces_placeholders && migration.variables == VariableSyntax::dollar) {
    migration.variables = VariableSyntax::none;
  }
  if (part.part == FilePart::metadata) return;
  if (migration.variables == VariableSyntax::none) migration.variables = part.migration.variables;
  if (migration.down) {
    throw Error(ErrorKind::bad_file, "a second down file for migration " + migration.version, {}, filename);
  }
  migration.down = part.migration.down;
  if (migration.note.empty()) migration.note = part.migration.note;
}

std::vector<Migration> parse_migration_folder(std::span<const SourceFile> files, const FileDefaults& defaults,
                                              std::vector<std::string>* passed_over) {
  FolderReader reader{passed_over};
  for (const auto& [folder, group] : group_files(files, defaults)) reader.read(group);
  return reader.finish();
}

}  // namespace tenancy::core
