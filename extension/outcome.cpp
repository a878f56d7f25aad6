#include "extension/outcome.h"

namespace tenancy {

Outcome failure(const PgError& error) {
  Outcome outcome;
  outcome.sqlstate = error.sqlstate();
  outcome.error = error.report().message;
  outcome.detail = error.report().detail;
  outcome.hint = error.report().hint;
  return outcome;
}

Outcome success(const TargetResult& result) {
  Outcome outcome;
  outcome.success = true;
  outcome.more = result.more;
  outcome.from = result.from;
  outcome.to = result.to;
  outcome.versions.reserve(result.steps.size());
  for (const StepResult& step : result.steps) {
    outcome.versions.push_back(core::version_label(result.set, step.set, step.version));
  }
  return outcome;
}

PgError to_error(const Outcome& outcome) {
  const std::string& state = outcome.sqlstate;
  return {MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]), outcome.error, outcome.detail, outcome.hint};
}

}  // namespace tenancy
