#include "driver/command/plan_view.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>
#include <set>

#include "driver/command/listing.h"
#include "driver/output/display_text.h"
#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

using State = PlannedTarget::State;

constexpr std::size_t kMostErrors = 20;

const char* word_of(State state) {
  if (state == State::failed) return "failed";
  return state == State::busy ? "busy" : "pending";
}

/// "013, 014", and of many the first and the last.
std::string versions_text(const std::vector<std::string>& versions) {
  constexpr std::size_t kMost = 4;
  if (versions.size() <= kMost) return fmt::format("{}", fmt::join(versions, ", "));
  return fmt::format("{}, {}, ... {}", versions[0], versions[1], versions.back());
}

boost::json::value or_null(const std::string& text) {
  return text.empty() ? boost::json::value() : boost::json::value(text);
}

}  // namespace

void PlanView::add(const PlannedTarget& planned) {
  if (planned.state == State::pending && planned.versions.empty()) {
    ++unchanged_;
    return;
  }
  if (options_.json) print_target(planned);
  if (planned.state != State::pending) {
    ++(planned.state == State::busy ? busy_ : failed_);
    if (first_errors_.size() < kMostErrors) first_errors_.push_back(planned.error);
    return;
  }
  ++planned_;
  Group& group = groups_[{planned.target.migration_set, planned.from_revision, planned.versions}];
  if (group.targets++ == 0) group.example = planned.target.label();
}

void PlanView::print_target(const PlannedTarget& planned) const {
  const Target& target = planned.target;
  print_json({{"tenant", or_null(target.tenant)},
              {"server", or_null(target.server)},
              {"database", or_null(target.database)},
              {"schema", target.schema},
              {"migration_set", target.migration_set},
              {"pinned_revision", target.pinned_revision ? or_null(*target.pinned_revision) : nullptr},
              {"state", word_of(planned.state)},
              {"from_revision", or_null(planned.from_revision)},
              {"versions", boost::json::value_from(planned.versions)},
              {"transactional", planned.transactional},
              {"error", or_null(planned.error)}});
}

void PlanView::finish() {
  if (options_.json) {
    print_json({{"summary", {{"pending", planned_}, {"unchanged", unchanged_}, {"failed", failed_}, {"busy", busy_}}}});
    return;
  }
  if (one_tenant_ && groups_.size() == 1) {
    const auto& [set, from, versions] = groups_.begin()->first;
    print_steps(set, versions);
  } else {
    print_groups();
  }
  for (const std::string& error : first_errors_) fmt::print("{}\n", visible(error));
  if (failed_ + busy_ > first_errors_.size()) {
    fmt::print("and {} more\n", number_text(failed_ + busy_ - first_errors_.size()));
  }
  print_summary();
  std::fflush(stdout);
}

core::LabelledVersion PlanView::step_of(const std::string& own, const std::string& label) const {
  return core::labelled_version(own, label, sets_.set(own).find(label).has_value());
}

void PlanView::print_steps(const std::string& set, const Versions& versions) const {
  Listing listing({{"step", "STEP", ValueForm::number},
                   {"set", "SET"},
                   {"version", "VERSION"},
                   {"description", "DESCRIPTION", ValueForm::text, true},
                   {"transactional", "TRANSACTION", ValueForm::truth}},
                  options_);
  for (std::size_t i = 0; i < versions.size(); ++i) {
    core::LabelledVersion const name = step_of(set, versions[i]);
    const core::MigrationSet& migrations = sets_.set(name.set);
    auto const index = migrations.find(name.version);
    const core::StoredMigration* const migration = index ? &migrations[*index] : nullptr;
    listing.add({std::to_string(i + 1), name.set, name.version, migration ? migration->description : std::string(),
                 migration == nullptr || migration->transactional ? "t" : "f"});
  }
  listing.finish();
}

void PlanView::print_groups() const {
  Listing listing({{"targets", "TARGETS", ValueForm::number},
                   {"set", "SET"},
                   {"from", "FROM"},
                   {"steps", "STEPS", ValueForm::number},
                   {"versions", "VERSIONS"},
                   {"example", "SUCH AS", ValueForm::text, true}},
                  options_);
  for (const auto& [key, group] : groups_) {
    const auto& [set, from, versions] = key;
    listing.add({std::to_string(group.targets), set, from, std::to_string(versions.size()), versions_text(versions),
                 group.example});
  }
  listing.finish();
}

void PlanView::print_summary() const {
  bool const any = planned_ + failed_ + busy_ > 0;
  std::string text = planned_ > 0 ? counted(planned_, "target has", "targets have") + " steps to take"
                     : any        ? "no target has steps to take"
                                  : "nothing to do";
  if (any && unchanged_ > 0) text += "; nothing to do: " + number_text(unchanged_);
  if (failed_ > 0) text += "; would fail: " + number_text(failed_);
  if (busy_ > 0) text += "; busy: " + number_text(busy_);
  fmt::print("{}{}\n", any ? "\n" : "", text);
}

std::vector<core::LabelledVersion> PlanView::migrations() const {
  std::vector<core::LabelledVersion> names;
  std::set<std::pair<std::string, std::string>> known;
  for (const auto& [key, group] : groups_) {
    const auto& [set, from, versions] = key;
    for (const std::string& version : versions) {
      core::LabelledVersion name = step_of(set, version);
      if (known.emplace(name.set, name.version).second) names.push_back(std::move(name));
    }
  }
  return names;
}

void PlanView::print_sql(const core::LabelledVersion& migration, const std::string& sql) const {
  if (options_.json) {
    print_json({{"migration_set", migration.set}, {"version", migration.version}, {"sql", sql}});
  } else {
    fmt::print("\n-- {} {}\n{}\n", migration.set, migration.version, fmt::join(visible_lines(sql), "\n"));
  }
}

}  // namespace tenancy::driver
