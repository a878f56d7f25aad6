#include "driver/files/new_migration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "core/file_name.h"
#include "core/message.h"
#include "core/version.h"
#include "driver/command/failure.h"
#include "driver/files/numbering.h"
#include "driver/files/source_folder.h"

namespace tenancy::driver {

namespace {

constexpr std::array<std::pair<std::string_view, FileLayout>, 3> kLayouts{
    {{"file", FileLayout::file}, {"pair", FileLayout::pair}, {"folder", FileLayout::folder}}};

/// What a name of a file may have, on every system and in every shell.
std::string file_words(std::string_view words) {
  std::string result(core::ascii::trim(words));
  std::replace_if(result.begin(), result.end(), core::ascii::is_space, '_');
  auto const is_good = [](unsigned char c) {
    return core::ascii::is_letter(static_cast<char>(c)) || core::ascii::is_digit(static_cast<char>(c)) || c == '_' ||
           c == '-' || c >= 0x80;
  };
  if (result.empty() || !std::all_of(result.begin(), result.end(), is_good)) {
    throw UsageError(core::quoted_text(words) + " is no name for a migration",
                     "Use words of letters, digits, _ and -: tenancy new add_invoices.");
  }
  return result;
}

/// What the folder has of a set, as far as a new file must know it.
struct KnownFile {
  std::string version;
  std::string name;
  core::Format format = core::Format::own;
};

/// Files that cannot be read as migrations yet count too, by their names: the one that was made a minute ago is empty.
std::optional<KnownFile> known_file(const core::SourceFile& file, const core::FileDefaults& defaults,
                                    std::string_view set) {
  try {
    core::ParsedFile const parsed = core::parse_migration_file(file.name, file.content, defaults);
    bool const is_first_part = parsed.part == core::FilePart::whole || parsed.part == core::FilePart::up;
    // What says its place stands before all that is new.
    const core::Migration& migration = parsed.migration;
    if (!is_first_part || migration.repeatable || migration.after || migration.set != set) return std::nullopt;
    return KnownFile{migration.version, file.name, parsed.format};
  } catch (const core::Error&) {
    if (file.content.find("MIGRATION_AFTER:") != std::string::npos) return std::nullopt;
    std::optional<core::FileName> const name = core::parse_file_name(file.name);
    std::optional<core::VersionedStem> const stem = name ? core::split_stem(name->stem) : std::nullopt;
    if (!stem || !core::is_version(stem->version)) return std::nullopt;
    return KnownFile{std::string(stem->version), file.name, defaults.format.value_or(core::Format::own)};
  }
}

std::optional<KnownFile> newest_file(const MigrationFolder& folder, std::string_view set) {
  std::error_code error;
  if (!std::filesystem::exists(folder.path, error)) return std::nullopt;
  std::optional<KnownFile> newest;
  for (const core::SourceFile& file : read_source_folder(folder.path).files) {
    std::optional<KnownFile> known = known_file(file, folder.defaults, set);
    if (!known) continue;
    if (!newest || core::compare_versions(newest->version, known->version) < 0) newest = std::move(known);
  }
  return newest;
}

/// Some tools lay their files out as we do; those of others have marks that we would have to write as they do.
void require_our_layout(core::Format format) {
  if (format == core::Format::own || format == core::Format::golang_migrate || format == core::Format::diesel) return;
  throw UsageError("these are files of " + std::string(core::to_string(format)) + ": tenancy new does not write them",
                   "Make the new one with that tool; tenancy check and tenancy load read it.");
}

FileLayout layout_of(const std::optional<KnownFile>& newest) {
  if (!newest) return FileLayout::file;
  if (newest->name.ends_with("/up.sql") || newest->name.ends_with("/down.sql")) return FileLayout::folder;
  bool const is_pair = newest->name.ends_with(".up.sql") || newest->name.ends_with(".down.sql");
  return is_pair ? FileLayout::pair : FileLayout::file;
}

std::string options_text(const MigrationFolder& folder, const NewMigration& wanted) {
  std::string text =
      fmt::format("-- MIGRATION_SCOPE: {}\n", core::to_string(wanted.scope.value_or(folder.defaults.scope)));
  if (wanted.migration_set.value_or(folder.defaults.set) != folder.defaults.set) {
    text += "-- MIGRATION_SET: " + *wanted.migration_set + "\n";
  }
  return text + "\n";
}

}  // namespace

FileLayout parse_file_layout(std::string_view text) {
  for (const auto& [word, layout] : kLayouts) {
    if (word == text) return layout;
  }
  throw UsageError(core::quoted_text(text) + " is no layout of a migration", "Say file, pair or folder.");
}

std::vector<std::filesystem::path> write_new_migration(const MigrationFolder& folder, const NewMigration& wanted,
                                                       std::string_view now) {
  std::string const words = file_words(wanted.words);
  std::optional<KnownFile> const newest = newest_file(folder, wanted.migration_set.value_or(folder.defaults.set));
  require_our_layout(newest ? newest->format : folder.defaults.format.value_or(core::Format::own));
  std::string const version = next_version(newest ? std::optional(newest->version) : std::nullopt, now);
  std::filesystem::path const stem = folder.path / (version + "_" + words);
  std::string const options = options_text(folder, wanted);
  constexpr std::string_view down_note = "-- What takes it back; an empty file: there is nothing to take back.\n";
  std::vector<std::pair<std::filesystem::path, std::string>> files;
  switch (wanted.layout.value_or(layout_of(newest))) {
    case FileLayout::file:
      files = {{stem.string() + ".sql", options + "-- UPGRADE\n\n\n-- DOWNGRADE\n\n"}};
      break;
    case FileLayout::pair:
      files = {{stem.string() + ".up.sql", options}, {stem.string() + ".down.sql", std::string(down_note)}};
      break;
    case FileLayout::folder:
      files = {{stem / "up.sql", options}, {stem / "down.sql", std::string(down_note)}};
      break;
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& [path, text] : files) {
    write_new_file(path, text);
    paths.push_back(path);
  }
  return paths;
}

}  // namespace tenancy::driver
