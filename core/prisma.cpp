#include "core/prisma.h"

#include <algorithm>
#include <string>

#include "core/ascii.h"
#include "core/error.h"
#include "core/file_name.h"
#include "core/message.h"
#include "core/source_text.h"
#include "core/version.h"

namespace tenancy::core {

std::string prisma_version(std::string_view folder) {
  constexpr std::size_t kDate = 8;
  constexpr std::size_t kTime = 14;
  const std::optional<VersionedStem> split = split_stem(folder);
  if (!split) return std::string{folder};
  std::string version{split->version};
  const std::size_t digits = std::min(version.find_first_not_of("0123456789"), version.size());
  if (digits >= kDate && digits < kTime) version.insert(digits, kTime - digits, '0');
  const std::string named = version + std::string{split->rest};
  return is_version(named) ? named : version;
}

std::optional<FormatName> parse_prisma_name(std::string_view name) {
  const Path path = split_path(name);
  const std::string_view stem = split_path(path.folder).base;
  const std::optional<VersionedStem> split = split_stem(stem);
  if (path.base != "migration.sql" || !split) return std::nullopt;
  FormatName result;
  result.version = prisma_version(stem);
  result.description = words_of(split->rest);
  result.stem = stem;
  result.identity = path.folder;
  return result;
}

void check_prisma_lock(std::string_view file, std::string_view text) {
  constexpr std::string_view kKey = "provider";
  for (std::size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
    const std::string_view before = text.substr(0, at);
    if (!before.empty() && !before.ends_with('\n')) continue;
    std::string_view value = text.substr(at + kKey.size());
    value = ascii::trim(value.substr(0, value.find('\n')));
    if (value.starts_with('=')) value = ascii::trim_left(value.substr(1));
    if (value.starts_with("\"postgresql\"") || value.starts_with("\"postgres\"")) continue;
    throw Error(ErrorKind::bad_file, "these migrations are for another database: provider " + quoted_text(value),
                "Make them for PostgreSQL: provider = \"postgresql\".", std::string{file}, line_of(text, at));
  }
}

}  // namespace tenancy::core
