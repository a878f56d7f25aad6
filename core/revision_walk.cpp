#include "core/revision_walk.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

/// Versioned migrations, by index in the set.
using Members = std::vector<bool>;
using Indexes = std::vector<std::size_t>;

Members members(const MigrationSet& set, const Indexes& indexes) {
  Members result(set.versioned_count());
  for (const std::size_t index : indexes) result[index] = true;
  return result;
}

Indexes indexes(const Members& members) {
  Indexes result;
  for (std::size_t index = 0; index < members.size(); ++index) {
    if (members[index]) result.push_back(index);
  }
  return result;
}

Members both(const Members& left, const Members& right) {
  Members result(left.size());
  for (std::size_t index = 0; index < left.size(); ++index) result[index] = left[index] && right[index];
  return result;
}

Members without(Members members, const Members& others) {
  for (std::size_t index = 0; index < members.size(); ++index) members[index] = members[index] && !others[index];
  return members;
}

/// These, and all that they go on with.
Members back_from(const MigrationSet& set, Members line) {
  for (std::size_t index = line.size(); index-- > 0;) {
    if (!line[index]) continue;
    for (const std::size_t earlier : set.goes_on_with(index)) line[earlier] = true;
  }
  return line;
}

/// Of a version: what it goes on with, and what goes on with it. What says no place goes on with every line, and is of
/// none but its own.
Members line_through(const MigrationSet& set, std::size_t version) {
  Members line = back_from(set, members(set, {version}));
  Members onwards = members(set, {version});
  for (std::size_t index = version + 1; index < line.size() && set[index].after; ++index) {
    const Indexes earlier = set.goes_on_with(index);
    if (std::any_of(earlier.begin(), earlier.end(), [&](std::size_t one) { return onwards[one]; })) {
      line[index] = onwards[index] = true;
    }
  }
  return line;
}

Members members_of(const MigrationSet& set, std::string_view branch) {
  Members result(set.versioned_count());
  for (std::size_t index = 0; index < result.size(); ++index) {
    const std::vector<std::string>& names = set[index].branches;
    result[index] = std::find(names.begin(), names.end(), branch) != names.end();
  }
  return result;
}

/// Of a branch by its name or, as with Alembic, by one of its versions; nothing when there is no such branch.
std::optional<Members> find_line(const MigrationSet& set, std::string_view branch) {
  Members line = members_of(set, branch);
  const Indexes named = indexes(line);
  if (named.empty()) {
    const auto version = find_version(set, branch, Members(set.versioned_count(), true));
    return version ? std::optional(line_through(set, *version)) : std::nullopt;
  }
  // From where it begins: behind a merge it goes on with other lines as well.
  Members first(line.size());
  for (const std::size_t index : named) {
    const Indexes earlier = set.goes_on_with(index);
    first[index] = std::none_of(earlier.begin(), earlier.end(), [&](std::size_t one) { return line[one]; });
  }
  for (const std::size_t index : indexes(back_from(set, first))) line[index] = true;
  return line;
}

Members line_of(const MigrationSet& set, std::string_view branch, std::string_view word) {
  if (branch.empty()) return Members(set.versioned_count(), true);
  std::optional<Members> line = find_line(set, branch);
  if (!line) refuse_unknown(set, word);
  return *std::move(line);
}

/// From one migration of a line to the next. Those that are not counted are passed over.
class Walk {
 public:
  Walk(const MigrationSet& set, const Members& line, const Members& counted)
      : set_(set), counted_(both(line, counted)), earlier_(set.versioned_count()) {
    for (std::size_t index = 0; index < earlier_.size(); ++index) {
      std::set<std::size_t> before;
      for (const std::size_t one : set.goes_on_with(index)) {
        if (!line[one]) continue;
        if (counted_[one]) {
          before.insert(one);
        } else {
          before.insert(earlier_[one].begin(), earlier_[one].end());
        }
      }
      earlier_[index].assign(before.begin(), before.end());
    }
  }

  [[nodiscard]] const Indexes& before(std::size_t index) const { return earlier_[index]; }

  /// What goes on with one of these, or what begins when there are none; what comes after another one of the result is
  /// not next.
  [[nodiscard]] Indexes next(const Indexes& from) const {
    Members result(earlier_.size());
    for (std::size_t index = 0; index < result.size(); ++index) {
      const Indexes& earlier = earlier_[index];
      const bool goes_on = std::any_of(earlier.begin(), earlier.end(), [&](std::size_t one) {
        return std::find(from.begin(), from.end(), one) != from.end();
      });
      result[index] = counted_[index] && (from.empty() ? earlier.empty() : goes_on);
    }
    return indexes(without(result, set_.behind(result)));
  }

 private:
  const MigrationSet& set_;
  Members counted_;
  std::vector<Indexes> earlier_;
};

/// What a word stands for in a line: a version of it, head or base.
struct Start {
  std::optional<std::size_t> version{};
};

class Resolver {
 public:
  Resolver(const MigrationSet& set, std::string_view word) : set_(set), word_(word) {}

  /// Of `BRANCH@heads` all that they come after, of another word all that its version comes after.
  Members up_to() {
    if (word_.ends_with(kAllHeads) && !set_.find(word_)) {
      branch_ = word_.substr(0, word_.size() - kAllHeads.size());
      line_ = line_of(set_, branch_, word_);
      const Members ends = members(set_, heads());
      Members result = set_.before(ends);
      for (const std::size_t end : indexes(ends)) result[end] = true;
      return result;
    }
    return set_.up_to(resolve_version(set_, word_));
  }

  RevisionPlace resolve() {
    const Members everything(set_.versioned_count(), true);
    if (const auto version = find_version(set_, word_, everything)) return {version, everything};
    const std::size_t at = std::min(word_.find('@'), word_.size());
    if (at < word_.size()) branch_ = word_.substr(0, at);
    if (at == word_.size() && find_line(set_, word_)) refuse_in_branch(word_);
    line_ = line_of(set_, branch_, word_);
    const std::string_view rest = word_.substr(branch_.empty() ? 0 : at + 1);
    if (const std::optional<Start> place = find(rest)) return {place->version, line_};
    const std::size_t sign = rest.find_last_of("+-");
    const bool is_signed = sign != std::string_view::npos && sign > 0;
    if (const auto count = is_signed ? parse_count(rest.substr(sign + 1)) : std::nullopt) {
      if (const std::optional<Start> start = find_start(rest.substr(0, sign))) {
        return {rest[sign] == '+' ? up(*start, *count) : back(*start, *count), line_};
      }
    }
    if (branch_.empty()) refuse_unknown(set_, word_);
    if (!is_version(rest)) refuse_in_branch(branch_);
    throw Error(ErrorKind::unknown_revision,
                "no migration matches revision " + quoted_text(rest) + " in branch " + std::string{branch_} +
                    " of set " + set_.name(),
                "The newest of it is " + set_[indexes(line_).back()].version + ".");
  }

 private:
  [[nodiscard]] std::optional<Start> find(std::string_view word) const {
    if (word == "base") return Start{};
    if (word == "head" || word == "heads") return Start{head()};
    if (const auto version = find_version(set_, word, line_)) return Start{version};
    return std::nullopt;
  }

  /// A version with a dash in it may be mistyped: its beginning is no start.
  [[nodiscard]] std::optional<Start> find_start(std::string_view word) const {
    const std::optional<Start> start = find(word);
    if (!start || !start->version || word == "head" || word == "heads") return start;
    const std::string& version = set_[*start->version].version;
    if (version.find_first_of("+-") == std::string::npos || compare_versions(version, word) == 0) return start;
    return std::nullopt;
  }

  /// Of the line.
  [[nodiscard]] Indexes heads() const {
    Members heads = line_;
    for (const std::size_t index : indexes(line_)) {
      for (const std::size_t earlier : set_.goes_on_with(index)) heads[earlier] = false;
    }
    return indexes(heads);
  }

  [[nodiscard]] std::size_t head() const {
    const Indexes found = heads();
    if (found.empty()) refuse_unknown(set_, word_);
    if (found.size() > 1) {
      refuse_ambiguous(set_, word_, found,
                       branch_.empty() ? "The set has several heads: write the version of one, or BRANCH@head."
                                       : "The branch has several heads: write the version of one.");
    }
    return found.front();
  }

  [[nodiscard]] std::size_t up(const Start& start, int count) const {
    const Walk walk{set_, line_, Members(set_.versioned_count(), true)};
    Indexes at;
    if (start.version) at.push_back(*start.version);
    for (int step = 0; step < count; ++step) {
      at = walk.next(at);
      if (at.empty()) refuse_far("head");
      if (at.size() > 1) refuse_fork(at);
    }
    return at.front();
  }

  [[nodiscard]] std::optional<std::size_t> back(const Start& start, int count) const {
    std::optional<std::size_t> at = start.version;
    for (int step = 0; step < count; ++step) {
      if (!at) refuse_far("base");
      Indexes earlier;
      for (const std::size_t one : set_.goes_on_with(*at)) {
        if (line_[one]) earlier.push_back(one);
      }
      if (earlier.size() > 1) refuse_fork(earlier);
      at = earlier.empty() ? std::nullopt : std::optional{earlier.front()};
    }
    return at;
  }

  [[noreturn]] void refuse_fork(const Indexes& candidates) const {
    refuse_ambiguous(set_, word_, candidates, "The lines part there: write the version, or a branch.");
  }

  [[noreturn]] void refuse_far(const std::string& end) const {
    throw Error(ErrorKind::unknown_revision,
                "revision " + quoted_text(word_) + " of set " + set_.name() + " would be beyond " + end,
                "Count fewer migrations, or say " + end + ".");
  }

  [[noreturn]] void refuse_in_branch(std::string_view branch) const {
    const std::string name{branch};
    throw Error(ErrorKind::bad_value, "revision " + quoted_text(word_) + " is no version of branch " + name,
                "Of a branch " + name + "@head is understood, " + name + "@base, and " + name + "@ and a version.");
  }

  static constexpr std::string_view kAllHeads = "@heads";

  const MigrationSet& set_;
  std::string_view word_;
  std::string_view branch_{};
  Members line_{};
};

/// The newest of what is applied along the line.
Indexes tips(const MigrationSet& set, const WalkedTarget& target, const Members& line) {
  const Members newest = both(without(target.applied, set.before(target.applied)), line);
  if (std::find(newest.begin(), newest.end(), true) != newest.end()) return indexes(newest);
  const Members applied = both(target.applied, line);
  return indexes(without(applied, set.before(applied)));
}

}  // namespace

RevisionPlace resolve_place(const MigrationSet& set, std::string_view word) { return Resolver(set, word).resolve(); }

std::vector<bool> up_to(const MigrationSet& set, std::string_view word) { return Resolver(set, word).up_to(); }

std::vector<std::size_t> heads_of(const MigrationSet& set, TargetKind kind) {
  Indexes result;
  // What one for them goes on with, directly or over others.
  Members goes_on(set.versioned_count());
  for (std::size_t index = goes_on.size(); index-- > 0;) {
    const bool is_theirs = applies_to(set[index].scope, kind);
    if (is_theirs && !goes_on[index]) result.push_back(index);
    if (!is_theirs && !goes_on[index]) continue;
    for (const std::size_t earlier : set.goes_on_with(index)) goes_on[earlier] = true;
  }
  std::reverse(result.begin(), result.end());
  return result;
}

void check_head(const MigrationSet& set, TargetKind kind, const Revision& revision) {
  if (revision.kind != Revision::Kind::head || !set.has_graph()) return;
  const Indexes heads = heads_of(set, kind);
  if (heads.size() < 2) return;
  refuse_ambiguous(set, "head", heads,
                   "The set has several heads: say heads for all of them, the version of one, or BRANCH@head.");
}

std::size_t resolve_version(const MigrationSet& set, std::string_view word) {
  // A migration is named, and not a place.
  if (word == "head" || word == "heads" || word == "base") refuse_unknown(set, word);
  const RevisionPlace place = resolve_place(set, word);
  if (place.version) return *place.version;
  throw Error(ErrorKind::unknown_revision, "revision " + quoted_text(word) + " is base, and no migration",
              "Say base, or name a migration.");
}

std::vector<bool> behind(const MigrationSet& set, const RevisionPlace& place) {
  Indexes roots;
  for (std::size_t index = 0; index < set.versioned_count(); ++index) {
    const Indexes earlier = set.goes_on_with(index);
    const bool is_root =
        place.version ? std::find(earlier.begin(), earlier.end(), *place.version) != earlier.end() : earlier.empty();
    if (is_root) roots.push_back(index);
  }
  // The branch chooses among several.
  if (roots.size() > 1) std::erase_if(roots, [&](std::size_t root) { return !place.line[root]; });
  Members result = set.behind(members(set, roots));
  for (const std::size_t root : roots) result[root] = true;
  return result;
}

std::size_t walk_up(const MigrationSet& set, const WalkedTarget& target, const Revision& revision) {
  const std::string word = to_text(revision);
  const Members line = line_of(set, revision.version, word);
  const Walk walk{set, line, target.is_its};
  Indexes at = tips(set, target, line);
  for (int step = 0; step < revision.count; ++step) {
    at = indexes(without(members(set, walk.next(at)), target.applied));
    if (at.empty()) refuse_count(revision, static_cast<std::size_t>(step), "pending");
    if (at.size() > 1) {
      refuse_ambiguous(set, word, at, "The lines part there: write the version, or a branch, as in BRANCH@+1.");
    }
  }
  return at.front();
}

WalkBack walk_back(const MigrationSet& set, const WalkedTarget& target, const Revision& revision) {
  const std::string word = to_text(revision);
  const Members line = line_of(set, revision.version, word);
  const Walk walk{set, line, target.is_its};
  WalkBack result;
  Indexes at = tips(set, target, line);
  for (int step = 0; step < revision.count; ++step) {
    if (at.empty()) refuse_count(revision, result.path.size(), "applied");
    if (at.size() > 1) {
      refuse_ambiguous(set, word, at, "Several lines end there: name one, as in " + set[at.front()].version + "@-1.");
    }
    result.path.push_back(at.front());
    at = walk.before(at.front());
  }
  const std::size_t last = result.path.back();
  const Indexes earlier = set.goes_on_with(last);
  // Of several the newest: from the others more may go on.
  result.end = set[last].version + "@" +
               (earlier.empty() ? "base" : set[*std::max_element(earlier.begin(), earlier.end())].version);
  return result;
}

}  // namespace tenancy::core
