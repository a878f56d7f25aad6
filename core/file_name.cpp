#include "core/file_name.h"

#include <algorithm>

#include "core/ascii.h"

namespace tenancy::core {

namespace {

constexpr std::string_view kSuffix = ".sql";
constexpr std::string_view kUpSuffix = ".up.sql";
constexpr std::string_view kDownSuffix = ".down.sql";
constexpr std::string_view kRollbackSuffix = ".rollback.sql";

std::optional<FilePart> folder_part(std::string_view base) noexcept {
  if (base == "up.sql") return FilePart::up;
  if (base == "down.sql") return FilePart::down;
  if (base == "metadata.toml") return FilePart::metadata;
  return std::nullopt;
}

constexpr bool is_part_separator(char c) noexcept { return c == '.' || c == '-'; }

constexpr bool may_follow_version(char c) noexcept { return is_part_separator(c) || c == '_' || c == ' '; }

}  // namespace

Path split_path(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_hidden(std::string_view path) noexcept {
  while (!path.empty()) {
    const Path split = split_path(path);
    if (split.base.starts_with('.') && split.base != "." && split.base != "..") return true;
    path = split.folder;
  }
  return false;
}

std::optional<FileName> parse_file_name(std::string_view name) noexcept {
  if (is_hidden(name)) return std::nullopt;
  const Path path = split_path(name);
  const std::string_view folder_name = split_path(path.folder).base;
  if (const auto part = folder_part(path.base); part && split_stem(folder_name)) {
    // The slash keeps the folder `001_a/` apart from the pair `001_a.up.sql`.
    return FileName{*part, folder_name, name.substr(0, path.folder.size() + 1)};
  }
  for (const auto& [suffix, part] : {std::pair{kUpSuffix, FilePart::up}, {kDownSuffix, FilePart::down}}) {
    if (!path.base.ends_with(suffix)) continue;
    const std::string_view stem = path.base.substr(0, path.base.size() - suffix.size());
    // golang-migrate joins a pair by its number; the words behind it may differ.
    const auto split = split_stem(stem);
    const std::size_t rest = suffix.size() + (split ? split->rest.size() : 0);
    return FileName{part, stem, name.substr(0, name.size() - rest)};
  }
  if (!path.base.ends_with(kSuffix)) return std::nullopt;
  // The way down of 001_a.sql may be 001_a.rollback.sql, as yoyo has it; the point keeps both apart from a pair.
  const bool is_rollback = path.base.ends_with(kRollbackSuffix);
  const std::size_t suffix = (is_rollback ? kRollbackSuffix : kSuffix).size();
  return FileName{is_rollback ? FilePart::down : FilePart::whole, path.base.substr(0, path.base.size() - suffix),
                  name.substr(0, name.size() - suffix + 1)};
}

std::optional<VersionedStem> split_stem(std::string_view stem) noexcept {
  std::size_t length = 0;
  std::size_t at = 0;
  while (at < stem.size() && ascii::is_digit(stem[at])) {
    while (at < stem.size() && ascii::is_digit(stem[at])) ++at;
    if (at == stem.size() || may_follow_version(stem[at])) length = at;
    if (at == stem.size() || !is_part_separator(stem[at])) break;
    ++at;
  }
  if (length == 0) return std::nullopt;
  return VersionedStem{stem.substr(0, length), stem.substr(length)};
}

std::string words_of(std::string_view rest) {
  std::string words{rest};
  std::replace_if(
      words.begin(), words.end(), [](char c) { return c == '_' || c == '-'; }, ' ');
  if (words.starts_with('.')) words.front() = ' ';
  return std::string{ascii::trim(words)};
}

}  // namespace tenancy::core
