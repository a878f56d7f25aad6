#include "driver/command/status_view.h"

#include <fmt/core.h>

#include <algorithm>

#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

constexpr std::size_t kFew = 50;

std::vector<ListField> fields() {
  return {{"tenant", "TENANT", ValueForm::text, true},
          {"isolation", ""},
          {"server", "SERVER"},
          {"database", "DATABASE", ValueForm::text, true},
          {"schema", "SCHEMA", ValueForm::text, true},
          {"status", ""},
          {"tier", ""},
          {"migration_set", "SET"},
          {"state", "STATE"},
          {"revision", "REVISION"},
          {"head", "HEAD"},
          {"pending", "PENDING", ValueForm::number},
          {"last_applied_at", "LAST APPLIED", ValueForm::moment},
          {"detail", "DETAIL", ValueForm::text, true}};
}

std::optional<std::string> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Color color_of(const std::string& state) {
  if (state == "current") return Color::none;
  if (state == "behind" || state == "pinned" || state == "running") return Color::yellow;
  return Color::red;
}

}  // namespace

void StandingRow::take(const TargetStanding& standing) {
  state = standing.state;
  revision = standing.revision;
  head = standing.head;
  pending = standing.pending ? std::optional(std::to_string(*standing.pending)) : std::nullopt;
  detail = standing.detail;
}

void StandingRow::take_last_applied(const std::vector<core::AppliedMigration>& applied) {
  auto const last = std::max_element(applied.begin(), applied.end(), [](const auto& one, const auto& other) {
    return one.applied_at < other.applied_at;
  });
  if (last != applied.end()) last_applied = std::to_string(last->applied_at);
}

StatusView::StatusView(const OutputOptions& options, bool behind, bool all)
    : as_json_(options.json), behind_(behind), all_(all), listing_(fields(), options) {}

void StatusView::add(const StandingRow& row) {
  ++seen_;
  count(row);
  if (all_ || as_json_ || behind_ || many_) {
    list(row);
    return;
  }
  first_.push_back(row);
  if (first_.size() <= kFew) return;
  many_ = true;
  for (const StandingRow& one : first_) list(one);
  first_.clear();
}

void StatusView::count(const StandingRow& row) {
  if (row.isolation == "shared") {
    shared_behind_ += row.state == "current" ? 0 : 1;
    return;
  }
  ++states_[row.state];
  has_several_sets_ = has_several_sets_ || row.target.tenant == last_tenant_;
  last_tenant_ = row.target.tenant;
  if (row.state == "current") ++heads_[row.head.value_or("")];
}

void StatusView::list(const StandingRow& row) {
  bool const is_current = row.state == "current";
  if (behind_ && (is_current || row.state == "pinned")) return;
  if (many_ && !all_ && is_current) return;
  std::optional<std::string> tenant = or_null(row.target.tenant);
  if (!tenant && !as_json_) tenant = "(shared)";
  listing_.add({tenant, row.isolation, or_null(row.target.server), or_null(row.target.database), row.target.schema,
                or_null(row.status), or_null(row.tier), row.target.migration_set, row.state, row.revision, row.head,
                row.pending, row.last_applied, or_null(row.detail)},
               color_of(row.state));
}

void StatusView::finish() {
  for (const StandingRow& row : first_) list(row);
  listing_.finish();
  if (as_json_) {
    print_summary();
  } else {
    fmt::print("{}{}\n", listing_.rows() > 0 ? "\n" : "", summary());
  }
}

std::string StatusView::summary() const {
  std::size_t tenants = 0;
  for (const auto& [state, number] : states_) tenants += number;
  if (tenants == 0) return shared_behind_ > 0 ? "no tenants; a shared schema is not at head" : "no tenants";
  std::string text;
  if (auto const current = states_.find("current"); current != states_.end()) {
    text = has_several_sets_ ? counted(current->second, "target", "targets")
                             : counted(current->second, "tenant", "tenants");
    text += " at head";
    if (heads_.size() == 1 && !heads_.begin()->first.empty()) text += " " + heads_.begin()->first;
  }
  // Those that an upgrade helps come before those that somebody must look at.
  for (const char* const state : {"behind", "pinned", "running", "in doubt", "diverged", "missing", "foreign", "denied",
                                  "locked", "unreachable", "elsewhere"}) {
    auto const found = states_.find(state);
    if (found == states_.end()) continue;
    text += (text.empty() ? "" : ", ") + number_text(found->second) + " " + state;
  }
  if (shared_behind_ > 0) text += "; a shared schema is not at head";
  return text;
}

void StatusView::print_summary() {
  boost::json::object states;
  std::size_t tenants = 0;
  for (const auto& [state, number] : states_) {
    states[state] = number;
    tenants += number;
  }
  print_json({{"summary", {{"tenants", tenants}, {"states", states}, {"shared_not_current", shared_behind_}}}});
}

}  // namespace tenancy::driver
