#include "core/flyway.h"

#include <algorithm>
#include <string>

#include "core/ascii.h"
#include "core/error.h"
#include "core/file_name.h"
#include "core/message.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

constexpr std::string_view kScript = ".sql";
constexpr std::string_view kConfig = ".sql.conf";

/// The numbers, joined by `.` or `_`, at the beginning; empty when there is none.
std::string_view leading_version(std::string_view text) noexcept {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size() && ascii::is_digit(text[at]); ++at) {
    while (at < text.size() && ascii::is_digit(text[at])) ++at;
    end = at;
    if (at == text.size() || (text[at] != '.' && text[at] != '_')) break;
  }
  return text.substr(0, end);
}

std::string joined(std::string_view folder, std::string_view stem) {
  return folder.empty() ? std::string{stem} : std::string{folder} + "/" + std::string{stem};
}

bool parse_boolean(std::string_view key, std::string_view value) {
  if (ascii::equals_ignoring_case(value, "true")) return true;
  if (ascii::equals_ignoring_case(value, "false")) return false;
  throw Error(ErrorKind::bad_value, std::string{key} + ": " + quoted_text(value) + " is neither true nor false",
              "Write true or false.");
}

void read_setting(std::string_view key, std::string_view value, FlywayScriptConfig& config) {
  if (key == "executeInTransaction") {
    config.transactional = parse_boolean(key, value);
  } else if (key == "placeholderReplacement") {
    config.placeholders = parse_boolean(key, value);
  } else if (!(key == "shouldExecute" && value == "true") &&
             !(key == "encoding" && ascii::equals_ignoring_case(value, "UTF-8"))) {
    throw Error(ErrorKind::bad_file, "unknown setting " + quoted_text(key) + " or value " + quoted_text(value),
                "executeInTransaction and placeholderReplacement may be true or false, shouldExecute true, and "
                "encoding UTF-8.");
  }
}

}  // namespace

std::optional<FormatName> parse_flyway_name(std::string_view name) {
  const Path path = split_path(name);
  const std::string_view suffix = path.base.ends_with(kConfig) ? kConfig : kScript;
  if (!path.base.ends_with(suffix)) return std::nullopt;
  const std::string_view stem = path.base.substr(0, path.base.size() - suffix.size());
  if (stem.empty()) return std::nullopt;
  const char prefix = stem.front();
  const std::string_view version = leading_version(stem.substr(1));
  const std::string_view rest = stem.substr(1 + version.size());
  const bool is_repeatable = prefix == 'R' && version.empty() && rest.size() > 2 && rest.starts_with("__");
  const bool is_versioned =
      (prefix == 'V' || prefix == 'U' || prefix == 'B') && !version.empty() && (rest.empty() || rest.starts_with("__"));
  if (!is_repeatable && !is_versioned) return std::nullopt;

  FormatName result;
  result.version = version;
  result.description = words_of(rest);
  result.stem = stem;
  std::replace(result.version.begin(), result.version.end(), '_', '.');
  result.repeatable = is_repeatable;
  result.baseline = prefix == 'B';
  // The way down may have another description, and lie in another folder.
  result.identity = is_repeatable ? joined(path.folder, stem) : (result.baseline ? "B" : "V") + result.version;
  if (prefix == 'U') result.part = FilePart::down;
  if (suffix == kConfig) result.part = FilePart::metadata;
  return result;
}

std::vector<const SourceFile*> without_needless_baselines(std::span<const SourceFile* const> files,
                                                          std::vector<const SourceFile*>& left_out) {
  std::string oldest;    // key of the first version that has a script of its own
  std::string baseline;  // key of the last baseline
  for (const SourceFile* file : files) {
    const std::optional<FormatName> name = parse_flyway_name(file->name);
    if (!name || name->part != FilePart::whole || name->repeatable) continue;
    const std::string key = version_key(name->version);
    if (name->baseline) {
      baseline = std::max(baseline, key);
    } else if (oldest.empty() || key < oldest) {
      oldest = key;
    }
  }
  std::vector<const SourceFile*> rest;
  for (const SourceFile* file : files) {
    const std::optional<FormatName> name = parse_flyway_name(file->name);
    const bool is_needless =
        name && name->baseline &&
        (version_key(name->version) != baseline || (!oldest.empty() && oldest <= version_key(name->version)));
    (is_needless ? left_out : rest).push_back(file);
  }
  return rest;
}

bool has_placeholders(const Migration& migration) noexcept {
  constexpr std::string_view kOpening = "${";
  return migration.up.sql.find(kOpening) != std::string::npos ||
         (migration.down && migration.down->sql.find(kOpening) != std::string::npos);
}

FlywayScriptConfig read_flyway_config(std::string_view file, std::string_view text) {
  FlywayScriptConfig config;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = ascii::trim(text.substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t equals = std::min(line.find('='), line.size());
    try {
      std::string_view key = ascii::trim(line.substr(0, equals));
      if (key.starts_with("flyway.")) key.remove_prefix(7);
      read_setting(key, ascii::trim(line.substr(std::min(equals + 1, line.size()))), config);
    } catch (const Error& error) {
      throw Error(error.kind(), error.what(), error.hint(), std::string{file}, number);
    }
  }
  return config;
}

}  // namespace tenancy::core
