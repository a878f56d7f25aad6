#include "driver/command/adoption_view.h"

#include <fmt/core.h>

#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

constexpr std::size_t kFew = 50;

std::vector<ListField> fields() {
  return {{"tenant", "TENANT", ValueForm::text, true},
          {"server", "SERVER"},
          {"database", "DATABASE", ValueForm::text, true},
          {"schema", "SCHEMA", ValueForm::text, true},
          {"migration_set", "SET"},
          {"state", "STATE"},
          {"revision", "REVISION"},
          {"versions", "VERSIONS", ValueForm::number},
          {"detail", "DETAIL", ValueForm::text, true}};
}

std::optional<std::string> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

bool is_well(const std::string& state) {
  return state == "adopted" || state == "adoptable" || state == "tracked" || state == "empty";
}

Color color_of(const std::string& state) {
  if (!is_well(state)) return Color::red;
  return state == "adoptable" ? Color::yellow : Color::none;
}

}  // namespace

AdoptionView::AdoptionView(const OutputOptions& options, bool recorded)
    : as_json_(options.json), recorded_(recorded), listing_(fields(), options) {}

void AdoptionView::add(AdoptionRow row) {
  const std::string& state = row.outcome.state;
  ++states_[state];
  // What is still to be adopted after that is left, too.
  if (!is_well(state) || (recorded_ && state == "adoptable")) ++left_;
  if (as_json_ || many_) return list(row);
  first_.push_back(std::move(row));
  if (first_.size() <= kFew) return;
  many_ = true;
  for (const AdoptionRow& one : first_) list(one);
  first_.clear();
}

void AdoptionView::list(const AdoptionRow& row) {
  if (many_ && is_well(row.outcome.state)) return;
  std::optional<std::string> tenant = or_null(row.target.tenant);
  if (!tenant && !as_json_) tenant = "(shared)";
  listing_.add({tenant, or_null(row.target.server), or_null(row.target.database), row.target.schema,
                row.target.migration_set, row.outcome.state, or_null(row.outcome.revision),
                std::to_string(row.outcome.versions), or_null(row.outcome.detail)},
               color_of(row.outcome.state));
}

void AdoptionView::finish() {
  for (const AdoptionRow& row : first_) list(row);
  first_.clear();
  listing_.finish();
  if (!as_json_) {
    fmt::print("{}{}\n", listing_.rows() > 0 ? "\n" : "", summary());
    return;
  }
  boost::json::object states;
  for (const auto& [state, number] : states_) states[state] = number;
  print_json({{"summary", {{"recorded", recorded_}, {"left", left_}, {"states", states}}}});
}

std::string AdoptionView::summary() const {
  std::string text;
  for (const auto& [state, number] : states_) {
    text += (text.empty() ? "" : ", ") + number_text(number) + " " + state;
  }
  if (text.empty()) return "no targets";
  return !recorded_ && states_.contains("adoptable") ? text + "; --apply records what is adoptable" : text;
}

ExitCode AdoptionView::exit_code() const noexcept { return left_ == 0 ? kDone : kTargetsFailed; }

}  // namespace tenancy::driver
