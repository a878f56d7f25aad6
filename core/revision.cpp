#include "core/revision.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <span>
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
              "A revision is heads, head, base, +N or -N with N from 1 to 9999, a version, or the beginning of one.");
}

/// N of `+N` and `-N`, a word of `text`.
int count_of(std::string_view text, std::string_view word) {
  const std::optional<int> count = parse_count(word.substr(1));
  if (!count || *count > kMaxCount) refuse_text(text);
  return *count;
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

}  // namespace

Revision parse_revision(std::string_view text) {
  if (text == "heads") return {Revision::Kind::heads, 0, {}};
  if (text == "head") return {Revision::Kind::head, 0, {}};
  if (text == "base") return {Revision::Kind::base, 0, {}};
  const std::size_t at = text.find('@');
  const bool has_branch = at != std::string_view::npos && at > 0;
  const std::string_view word = has_branch ? text.substr(at + 1) : text;
  const std::string branch{has_branch ? text.substr(0, at) : std::string_view{}};
  if (!has_branch || is_version(branch)) {
    if (word.starts_with('+')) return {Revision::Kind::forward, count_of(text, word), branch};
    if (word.starts_with('-')) return {Revision::Kind::back, count_of(text, word), branch};
  }
  if (!is_version(text)) refuse_text(text);
  return {Revision::Kind::version, 0, std::string{text}};
}

std::optional<int> parse_count(std::string_view digits) noexcept {
  int count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  const bool is_number = !digits.empty() && ascii::is_digit(digits.front()) && end == digits.data() + digits.size();
  return is_number && error == std::errc{} && count > 0 ? std::optional(count) : std::nullopt;
}

std::string to_text(const Revision& revision) {
  const std::string branch = revision.version.empty() ? "" : revision.version + "@";
  switch (revision.kind) {
    case Revision::Kind::heads:
      return "heads";
    case Revision::Kind::head:
      return "head";
    case Revision::Kind::base:
      return "base";
    case Revision::Kind::forward:
      return branch + "+" + std::to_string(revision.count);
    case Revision::Kind::back:
      return branch + "-" + std::to_string(revision.count);
    case Revision::Kind::version:
      return revision.version;
  }
  return {};
}

void refuse_unknown(const MigrationSet& set, std::string_view word) {
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

void refuse_ambiguous(const MigrationSet& set, std::string_view word, std::span<const std::size_t> candidates,
                      std::string hint) {
  std::vector<std::string_view> names;
  for (const std::size_t index : candidates) names.emplace_back(set[index].version);
  throw Error(
      ErrorKind::ambiguous_revision,
      "revision " + quoted_text(word) + " matches more than one migration of set " + set.name() + ": " + listed(names),
      std::move(hint));
}

void refuse_count(const Revision& revision, std::size_t available, std::string_view state) {
  std::string message = "no migration is ";
  if (available == 1) message = "only 1 migration is ";
  if (available > 1) message = "only " + std::to_string(available) + " migrations are ";
  message += state;
  throw Error(ErrorKind::unknown_revision, message,
              "The revision " + to_text(revision) + " asks for " + std::to_string(revision.count) + ".");
}

std::optional<std::size_t> find_version(const MigrationSet& set, std::string_view word,
                                        const std::vector<bool>& members) {
  const auto is_member = [&](std::optional<std::size_t> index) {
    return index && *index < set.versioned_count() && members[*index];
  };
  if (const auto index = set.find(word); is_member(index)) return index;
  if (const auto index = set.find_equal(word); is_member(index)) return index;
  std::vector<std::size_t> candidates;
  for (std::size_t index = 0; index < set.versioned_count() && !word.empty(); ++index) {
    if (members[index] && set[index].version.starts_with(word)) candidates.push_back(index);
  }
  if (candidates.size() > 1) refuse_ambiguous(set, word, candidates, "Write more of the version.");
  return candidates.empty() ? std::nullopt : std::optional{candidates.front()};
}

}  // namespace tenancy::core
