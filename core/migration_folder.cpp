#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/file_name.h"
#include "core/migration_file.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

std::string_view identity_of(std::string_view filename) noexcept {
  const std::optional<FileName> name = parse_file_name(filename);
  return name ? name->identity : std::string_view{};
}

bool is_later_part(FilePart part) noexcept { return part == FilePart::down || part == FilePart::metadata; }

/// A script that happens to lie in the folder: no version in its name, nothing of a migration in its text.
bool is_plain_sql(const SourceFile& file) {
  const std::optional<FileName> name = parse_file_name(file.name);
  if (!name || name->part != FilePart::whole || split_stem(name->stem)) return false;
  return file.content.find("MIGRATION_") == std::string::npos && file.content.find("UPGRADE") == std::string::npos &&
         file.content.find("DOWNGRADE") == std::string::npos;
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
              is_down ? "Give both files of a migration the same name before .up.sql and .down.sql, or put up.sql "
                        "and down.sql into one folder."
                      : "Put up.sql into the folder.",
              part.migration.filename);
}

[[noreturn]] void refuse_duplicate(const Entry& first, const Entry& second) {
  throw Error(ErrorKind::duplicate_version,
              "version " + second.migration.version + " of set " + second.migration.set +
                  " is in two files: " + first.migration.filename + " and " + second.migration.filename,
              "Give one of them a version of its own.", second.migration.filename, second.version_line);
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
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.migration.set, a.migration.repeatable, a.key) <
           std::tie(b.migration.set, b.migration.repeatable, b.key);
  });
  std::vector<Migration> result;
  result.reserve(entries.size());
  for (Entry& entry : entries) result.push_back(std::move(entry.migration));
  return result;
}

}  // namespace

void merge_part(Migration& migration, const ParsedFile& part) {
  const std::string& filename = part.migration.filename;
  if (!is_later_part(part.part) || identity_of(filename).empty() ||
      identity_of(filename) != identity_of(migration.filename)) {
    throw Error(ErrorKind::bad_file, "this is no part of migration " + migration.version,
                migration.filename.empty() ? "" : "The migration is in " + migration.filename + ".", filename);
  }
  if (part.part == FilePart::metadata) {
    // Only `false` says anything: true is the default, and the up file's header may already say off.
    if (!part.migration.transactional) migration.transactional = false;
    return;
  }
  if (migration.down) {
    throw Error(ErrorKind::bad_file, "a second down file for migration " + migration.version, {}, filename);
  }
  migration.down = part.migration.down;
}

std::vector<Migration> parse_migration_folder(std::span<const SourceFile> files, const FileDefaults& defaults,
                                              std::vector<std::string>* passed_over) {
  std::vector<Entry> entries;
  std::vector<ParsedFile> later_parts;
  std::unordered_map<std::string_view, std::size_t> by_identity;
  for (const SourceFile& file : files) {
    if (!is_migration_file(file.name)) continue;
    if (passed_over != nullptr && is_plain_sql(file)) {
      passed_over->push_back(file.name);
      continue;
    }
    ParsedFile parsed = parse_migration_file(file.name, file.content, defaults);
    if (is_later_part(parsed.part)) {
      later_parts.push_back(std::move(parsed));
      continue;
    }
    by_identity.try_emplace(identity_of(file.name), entries.size());
    std::string key = version_key(parsed.migration.version);
    entries.push_back({std::move(parsed.migration), std::move(key), parsed.version_line, entries.size()});
  }
  for (const ParsedFile& part : later_parts) {
    const auto found = by_identity.find(identity_of(part.migration.filename));
    if (found == by_identity.end()) refuse_lone_part(part);
    merge_part(entries[found->second].migration, part);
  }
  check_duplicates(entries);
  return sorted(std::move(entries));
}

}  // namespace tenancy::core
