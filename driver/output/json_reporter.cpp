#include "driver/output/json_reporter.h"

#include <chrono>
#include <string>

#include "driver/output/json_text.h"

namespace tenancy::driver {

namespace {

namespace json = boost::json;

double milliseconds(std::chrono::microseconds duration) { return static_cast<double>(duration.count()) / 1000; }

json::array steps_of(const Outcome& outcome) {
  json::array steps;
  for (const StepOutcome& step : outcome.steps) {
    steps.push_back(json::object{{"set", json_string(step.set.empty() ? outcome.target.migration_set : step.set)},
                                 {"version", json_string(step.version)},
                                 {"description", json_string(step.description)},
                                 {"direction", core::to_string(step.direction)},
                                 {"duration_ms", milliseconds(step.duration)}});
  }
  return steps;
}

std::string_view to_string(Summary::End end) {
  switch (end) {
    case Summary::End::done:
      return "done";
    case Summary::End::failures:
      return "failures";
    case Summary::End::stopped:
      return "stopped";
    case Summary::End::nothing_to_do:
      return "nothing_to_do";
    case Summary::End::cannot_connect:
      return "cannot_connect";
  }
  return "";
}

json::array errors_of(const FailureGroups& failures) {
  json::array errors;
  for (const FailureGroups::Group& group : failures.largest_first()) {
    errors.push_back(json::object{{"sqlstate", json_or_null(group.sqlstate)},
                                  {"message", json_string(group.message)},
                                  {"targets", group.targets},
                                  {"first", json_string(group.first)}});
  }
  return errors;
}

}  // namespace

void JsonReporter::finished(const Outcome& outcome) {
  json::object object{{"type", "target"}};
  for (const auto& member : json_target(outcome.target)) object.insert(member);
  object["state"] = driver::to_string(outcome.state);
  object["from"] = json_or_null(outcome.from_revision);
  object["to"] = json_or_null(outcome.to_revision);
  object["held_at"] = json_or_null(outcome.held_at.value_or(""));
  object["steps"] = steps_of(outcome);
  object["skipped"] = json::value_from(outcome.skipped);
  object["attempts"] = outcome.attempts;
  object["duration_ms"] = milliseconds(outcome.duration);
  object["waited_ms"] = milliseconds(outcome.waited);
  object["error"] = nullptr;
  if (outcome.failure) object["error"] = json_report(*outcome.failure);
  if (outcome.state == Outcome::State::failed) {
    failures_.add(outcome.target, outcome.failure.value_or(ServerReport{}));
  }
  stream_.write(json_line(object));
}

void JsonReporter::end(const Summary& summary) {
  const json::object object{{"type", "summary"},
                            {"operation", json_string(heading_.operation)},
                            {"revision", json_or_null(heading_.revision)},
                            {"place", json_or_null(heading_.place)},
                            {"end", to_string(summary.end)},
                            {"reason", json_or_null(summary.reason)},
                            {"targets", summary.targets},
                            {"migrated", summary.migrated},
                            {"unchanged", summary.unchanged},
                            {"failed", summary.failed},
                            {"cancelled", summary.cancelled},
                            {"not_started", summary.not_started},
                            {"retries", summary.retries},
                            {"skipping", summary.skipping},
                            {"run", summary.run ? json::value(*summary.run) : json::value()},
                            {"duration_ms", milliseconds(summary.duration)},
                            {"errors", errors_of(failures_)}};
  stream_.write(json_line(object));
}

}  // namespace tenancy::driver
