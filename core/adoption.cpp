#include "core/adoption.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "core/file_name.h"
#include "core/message.h"
#include "core/prisma.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

std::string_view without_ending(std::string_view name) {
  for (const std::string_view ending : {".sql", ".js", ".cjs", ".mjs", ".ts", ".py", ".rb"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

class Reader {
 public:
  Reader(const HistoryTool& tool, const MigrationSet& set, TargetKind kind) : tool_(tool), set_(set), kind_(kind) {}

  Adoption read(std::span<const ToolEntry> entries) {
    for (const ToolEntry& entry : entries) add(entry);
    Adoption result;
    for (const auto& [index, applied_at] : applied_) {
      if (!applies_to(set_[index].scope, kind_)) continue;
      result.applied.push_back({index, applied_at});
      result.revision = set_[index].version;
    }
    judge(result);
    return result;
  }

 private:
  void add(const ToolEntry& entry) {
    const std::optional<std::size_t> index = find(entry.name);
    if (entry.state == ToolEntry::State::dirty) {
      dirty_.push_back(entry.name);
    } else if (entry.state == ToolEntry::State::baseline) {
      add_up_to_version(entry);
    } else if (!index) {
      unknown_.push_back(entry.name);
    } else if (*index >= set_.versioned_count()) {
      return;
    } else if (tool_.has_current_only) {
      const std::vector<bool> up_to = set_.up_to(*index);
      for (std::size_t i = 0; i < up_to.size(); ++i) {
        if (up_to[i]) applied_.try_emplace(i, 0);
      }
    } else {
      applied_.insert_or_assign(*index, entry.applied_at);
    }
  }

  /// A baseline stands for what is older, whether it is a migration itself or not.
  void add_up_to_version(const ToolEntry& baseline) {
    for (std::size_t i = 0; i < set_.versioned_count(); ++i) {
      if (compare_versions(set_[i].version, baseline.name) > 0) break;
      applied_.try_emplace(i, baseline.applied_at);
    }
    has_baseline_ = true;
  }

  [[nodiscard]] std::optional<std::size_t> find(const std::string& name) {
    if (tool_.naming == ToolNaming::change) return find_change(name);
    if (const auto exact = set_.find(tool_.name == "prisma" ? prisma_version(name) : name)) return exact;
    if (tool_.naming == ToolNaming::id) return std::nullopt;
    if (const auto equal = set_.find_equal(name)) return equal;
    return tool_.naming == ToolNaming::file_name ? find_file(without_ending(name)) : std::nullopt;
  }

  /// Another migration may have been given the same number.
  [[nodiscard]] std::optional<std::size_t> find_file(std::string_view name) const {
    if (const auto exact = set_.find(name)) return exact;
    const std::optional<VersionedStem> stem = split_stem(name);
    if (!stem) return std::nullopt;
    const std::optional<std::size_t> index = set_.find_equal(stem->version);
    if (!index) return std::nullopt;
    const std::string& description = set_[*index].description;
    return description.empty() || description == words_of(stem->rest) ? index : std::nullopt;
  }

  /// A change that was reworked is there more than once: its rows come in order.
  [[nodiscard]] std::optional<std::size_t> find_change(const std::string& name) {
    std::size_t& begin = after_change_[name];
    for (std::size_t i = begin; i < set_.versioned_count(); ++i) {
      const std::string& description = set_[i].description;
      if (description != name && !description.starts_with(name + ": ")) continue;
      begin = i + 1;
      return i;
    }
    return std::nullopt;
  }

  void judge(Adoption& result) const {
    const std::string set = "set " + set_.name();
    if (!dirty_.empty()) {
      result.verdict = AdoptionVerdict::dirty;
      result.detail = tool_.name + " has " + list(dirty_) + " as failed half-way";
    } else if (!unknown_.empty()) {
      const bool ahead = is_ahead();
      result.verdict = ahead ? AdoptionVerdict::ahead : AdoptionVerdict::unknown;
      result.detail = tool_.name + " has applied " + list(unknown_) + ", which " + set + " does not have" +
                      (ahead ? ": its newest is " + set_[set_.versioned_count() - 1].version : std::string{});
    } else if (result.applied.empty()) {
      result.verdict = AdoptionVerdict::empty;
      if (applied_.empty() && !has_baseline_) {
        result.detail = tool_.name + " has applied nothing there";
      } else {
        result.detail = "nothing that " + tool_.name + " has applied is for this target";
      }
    } else {
      result.verdict = AdoptionVerdict::adoptable;
      result.detail = gaps(result);
    }
  }

  [[nodiscard]] bool is_ahead() const {
    if (tool_.naming == ToolNaming::id || tool_.naming == ToolNaming::change || set_.versioned_count() == 0) {
      return false;
    }
    const std::string& newest = set_[set_.versioned_count() - 1].version;
    return std::all_of(unknown_.begin(), unknown_.end(), [&](const std::string& name) {
      const std::optional<VersionedStem> stem = split_stem(name);
      const bool is_name = tool_.naming == ToolNaming::file_name && stem;
      return compare_versions(is_name ? stem->version : name, newest) > 0;
    });
  }

  /// Older ones that are not applied: an upgrade will refuse them, unless it is told otherwise.
  [[nodiscard]] std::string gaps(const Adoption& result) const {
    std::vector<bool> applied(set_.versioned_count());
    for (const Adoption::Migration& migration : result.applied) applied[migration.index] = true;
    const std::vector<bool> older = set_.before(applied);
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < older.size(); ++i) {
      if (older[i] && applies_to(set_[i].scope, kind_) && !applied_.contains(i)) missing.push_back(set_[i].version);
    }
    return missing.empty() ? "" : list(missing) + (missing.size() == 1 ? " is" : " are") + " older and not applied";
  }

  static std::string list(const std::vector<std::string>& names) {
    std::vector<std::string> clean;
    for (const std::string& name : names) clean.push_back(is_version(name) ? name : quoted_text(name));
    const std::vector<std::string_view> views(clean.begin(), clean.end());
    return listed(views);
  }

  const HistoryTool& tool_;
  const MigrationSet& set_;
  TargetKind kind_;
  std::map<std::size_t, std::int64_t> applied_;  ///< by index, of any scope
  std::vector<std::string> unknown_;
  std::vector<std::string> dirty_;
  std::map<std::string, std::size_t> after_change_;
  bool has_baseline_ = false;
};

/// What the other tool has and we do not makes a difference; what we have in addition was applied by us since.
void compare(const MigrationSet& set, std::span<const AppliedMigration> tracked, Merge merge, Adoption& result) {
  const bool broken = result.verdict == AdoptionVerdict::dirty || result.verdict == AdoptionVerdict::unknown ||
                      result.verdict == AdoptionVerdict::ahead;
  std::set<std::string_view> versions;
  for (const AppliedMigration& row : tracked) versions.insert(row.version);
  const auto is_tracked = [&](std::size_t index) { return versions.contains(set[index].version); };
  std::vector<std::string_view> missing;
  std::vector<Adoption::Migration> new_ones;
  std::set<std::size_t> theirs;
  for (const Adoption::Migration& migration : result.applied) {
    theirs.insert(migration.index);
    if (is_tracked(migration.index)) continue;
    missing.push_back(set[migration.index].version);
    new_ones.push_back(migration);
  }
  const bool merges = merge == Merge::yes && !broken && !missing.empty();
  result.verdict = merges                       ? AdoptionVerdict::adoptable
                   : broken || !missing.empty() ? AdoptionVerdict::differs
                                                : AdoptionVerdict::tracked;
  if (!broken) result.detail = missing.empty() || merges ? "" : listed(missing) + " not recorded here";
  result.applied.clear();
  result.revision = "base";
  for (std::size_t i = 0; i < set.versioned_count(); ++i) {
    if (!is_tracked(i) && !(merges && theirs.contains(i))) continue;
    result.revision = set[i].version;
    result.applied.push_back({i});
    if (merge == Merge::yes && !broken && !theirs.contains(i)) result.unwritten.push_back(i);
  }
  if (!result.unwritten.empty()) {
    std::vector<std::string_view> versions_of_ours;
    for (const std::size_t index : result.unwritten) versions_of_ours.push_back(set[index].version);
    result.detail = listed(versions_of_ours) + " not in its table yet";
  }
  if (merges) result.applied = std::move(new_ones);
}

}  // namespace

std::string_view to_string(AdoptionVerdict verdict) noexcept {
  static constexpr std::array<std::string_view, 7> kWords{"adoptable", "tracked", "differs", "dirty",
                                                          "unknown",   "ahead",   "empty"};
  return kWords[static_cast<std::size_t>(verdict)];
}

Adoption assess_adoption(const HistoryTool& tool, std::span<const ToolEntry> entries, const MigrationSet& set,
                         TargetKind kind, std::span<const AppliedMigration> tracked, Merge merge) {
  Adoption result = Reader(tool, set, kind).read(entries);
  if (!tracked.empty()) compare(set, tracked, merge, result);
  return result;
}

std::vector<AppliedMigration> applied_there(const MigrationSet& set, std::span<const AppliedMigration> tracked,
                                            const Adoption& adoption) {
  std::vector<AppliedMigration> theirs(tracked.begin(), tracked.end());
  for (const std::size_t index : adoption.unwritten) {
    std::erase_if(theirs, [&](const AppliedMigration& row) { return row.version == set[index].version; });
  }
  // Of another verdict these are the tracked ones.
  if (adoption.verdict != AdoptionVerdict::adoptable) return theirs;
  for (const Adoption::Migration& migration : adoption.applied) {
    theirs.push_back({set[migration.index].version, set[migration.index].checksum});
  }
  return theirs;
}

}  // namespace tenancy::core
