#include "core/revision.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>
#include <vector>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

constexpr int kMaxCount = 9999;
constexpr std::size_t kMaxSuggestions = 3;

[[noreturn]] void refuse_text(std::string_view text) {
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is not a revision",
              "A revision is head, base, +N or -N with N from 1 to 9999, a version, or the beginning of one.");
}

/// N of `+N` and `-N`.
int parse_count(std::string_view text) {
  const std::string_view digits = text.substr(1);
  int count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  const bool is_number = !digits.empty() && ascii::is_digit(digits.front()) && end == digits.data() + digits.size();
  if (!is_number || error != std::errc{} || count < 1 || count > kMaxCount) refuse_text(text);
  return count;
}

/// Levenshtein's distance.
std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// The versions that a mistyped word most likely meant: one or two keystrokes away, the nearest first.
std::vector<std::string_view> suggestions(const MigrationSet& set, std::string_view word) {
  const std::size_t tolerance = word.size() < 4 ? 1 : 2;
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (std::size_t index = 0; index < set.versioned_count(); ++index) {
    const std::string_view version = set[index].version;
    if (version.size() > word.size() + tolerance || word.size() > version.size() + tolerance) continue;
    const std::size_t distance = edit_distance(word, version);
    if (distance <= tolerance) near.emplace_back(distance, version);
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string_view> result;
  for (const auto& [distance, version] : near) {
    if (result.size() < kMaxSuggestions) result.push_back(version);
  }
  return result;
}

[[noreturn]] void refuse_unknown(const MigrationSet& set, std::string_view word) {
  if (const auto index = set.find(word)) {
    throw Error(ErrorKind::unknown_revision,
                "migration " + set[*index].version + " of set " + set.name() + " is repeatable, and no revision",
                "Repeatable migrations are applied whenever a target goes to head.");
  }
  std::string hint;
  if (set.versioned_count() == 0) {
    hint = "The set has no versioned migrations.";
  } else {
    const std::vector<std::string_view> near = suggestions(set, word);
    if (!near.empty()) hint = "The nearest is " + listed(near) + ". ";
    if (near.size() > 1) hint = "The nearest are " + listed(near) + ". ";
    hint += "The newest is " + set[set.versioned_count() - 1].version + "; see tenancy.migrations.";
  }
  throw Error(ErrorKind::unknown_revision,
              "no migration matches revision " + quoted_text(word) + " in set " + set.name(), std::move(hint));
}

std::vector<std::size_t> versions_beginning_with(const MigrationSet& set, std::string_view word) {
  std::vector<std::size_t> result;
  for (std::size_t index = 0; index < set.versioned_count() && !word.empty(); ++index) {
    if (set[index].version.starts_with(word)) result.push_back(index);
  }
  return result;
}

}  // namespace

Revision parse_revision(std::string_view text) {
  if (text == "head") return {Revision::Kind::head, 0, {}};
  if (text == "base") return {Revision::Kind::base, 0, {}};
  if (text.starts_with('+')) return {Revision::Kind::forward, parse_count(text), {}};
  if (text.starts_with('-')) return {Revision::Kind::back, parse_count(text), {}};
  if (!is_version(text)) refuse_text(text);
  return {Revision::Kind::version, 0, std::string{text}};
}

std::size_t resolve_version(const MigrationSet& set, std::string_view word) {
  if (const auto index = set.find(word); index && *index < set.versioned_count()) return *index;
  if (const auto index = set.find_equal(word)) return *index;
  const std::vector<std::size_t> candidates = versions_beginning_with(set, word);
  if (candidates.empty()) refuse_unknown(set, word);
  if (candidates.size() == 1) return candidates.front();

  std::vector<std::string_view> names;
  for (const std::size_t index : candidates) names.push_back(set[index].version);
  throw Error(
      ErrorKind::ambiguous_revision,
      "revision " + quoted_text(word) + " matches more than one migration of set " + set.name() + ": " + listed(names),
      "Write more of the version.");
}

}  // namespace tenancy::core
