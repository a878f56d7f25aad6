#include "core/pop.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/file_name.h"

namespace tenancy::core {

namespace {

/// Synonyms of each name stand beside it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kDialects{{
    {"postgres", "postgres"},
    {"postgresql", "postgres"},
    {"pg", "postgres"},
    {"cockroach", "cockroach"},
    {"cockroachdb", "cockroach"},
    {"mysql", "mysql"},
    {"mariadb", "mysql"},
    {"sqlite", "sqlite"},
    {"sqlite3", "sqlite"},
}};

/// Takes `.word` off the end of `stem`, when it ends so.
bool take_suffix(std::string_view& stem, std::string_view word) noexcept {
  if (stem.size() <= word.size() || !stem.ends_with(word) || stem[stem.size() - word.size() - 1] != '.') return false;
  stem.remove_suffix(word.size() + 1);
  return true;
}

std::string key_of(const FormatName& name) { return (name.part == FilePart::up ? "up " : "down ") + name.identity; }

}  // namespace

std::optional<FormatName> parse_pop_name(std::string_view name) {
  const std::optional<FileName> parsed = parse_file_name(name);
  if (!parsed || parsed->part == FilePart::whole || parsed->identity.ends_with('/')) return std::nullopt;
  FormatName result;
  result.part = parsed->part;
  std::string_view stem = parsed->stem;
  result.transactional = !take_suffix(stem, "autocommit");
  for (const auto& [word, dialect] : kDialects) {
    if (!take_suffix(stem, word)) continue;
    result.dialect = dialect;
    break;
  }
  const std::optional<VersionedStem> split = split_stem(stem);
  if (!split) return std::nullopt;
  result.version = split->version;
  result.description = words_of(split->rest);
  result.stem = stem;
  const std::string_view folder = split_path(name).folder;
  result.identity = std::string{folder} + "/" + std::string{split->version};
  return result;
}

std::vector<const SourceFile*> select_pop_files(std::span<const SourceFile* const> files,
                                                std::vector<const SourceFile*>& left_out) {
  std::unordered_set<std::string> for_postgres;
  for (const SourceFile* file : files) {
    const std::optional<FormatName> name = parse_pop_name(file->name);
    if (name && name->dialect == "postgres") for_postgres.insert(key_of(*name));
  }
  std::vector<const SourceFile*> selected;
  for (const SourceFile* file : files) {
    const std::optional<FormatName> name = parse_pop_name(file->name);
    const bool is_ours =
        !name || name->dialect == "postgres" || (name->dialect.empty() && !for_postgres.contains(key_of(*name)));
    (is_ours ? selected : left_out).push_back(file);
  }
  return selected;
}

}  // namespace tenancy::core
