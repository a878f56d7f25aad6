#include "driver/output/report_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "driver/output/display_text.h"
#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

constexpr std::size_t kMostGroups = 10;

/// `  detail: …`, the further lines below the first.
std::string indented(std::string_view name, std::string_view text, const Appearance& appearance) {
  std::string out;
  for (const std::string& line : visible_lines(text)) {
    out += out.empty() ? "  " + painted(name, Color::cyan, appearance) : std::string(2 + name.size(), ' ');
    out += ' ' + line + '\n';
  }
  return out;
}

std::string with_sqlstate(std::string_view message, std::string_view sqlstate) {
  return visible(message) + (sqlstate.empty() ? "" : fmt::format(" ({})", visible(sqlstate)));
}

std::string targets(std::size_t count) { return counted(count, "target", "targets"); }

std::size_t done(const Summary& summary) { return summary.migrated + summary.unchanged; }

Color color_of(Summary::End end) {
  switch (end) {
    case Summary::End::done:
    case Summary::End::nothing_to_do:
      return Color::green;
    case Summary::End::failures:
    case Summary::End::cannot_connect:
      return Color::red;
    case Summary::End::stopped:
      return Color::yellow;
  }
  return Color::none;
}

std::string counts(const Summary& summary, const Appearance& appearance) {
  struct Count {
    std::string_view name;
    std::size_t number;
    Color color;
  };
  const std::array<Count, 6> all{{{"migrated", summary.migrated, Color::green},
                                  {"unchanged", summary.unchanged, Color::none},
                                  {"failed", summary.failed, Color::red},
                                  {"cancelled", summary.cancelled, Color::yellow},
                                  {"not started", summary.not_started, Color::yellow},
                                  {"retries", summary.retries, Color::none}}};
  std::string out;
  for (const Count& count : all) {
    if (count.number == 0) continue;
    const std::string number = padded(number_text(count.number), 10, Align::right);
    out += fmt::format("  {:<11}{}\n", count.name, painted(number, count.color, appearance));
  }
  if (summary.run) out += fmt::format("  {:<11}{}\n", "run", padded(std::to_string(*summary.run), 10, Align::right));
  return out;
}

std::string group_lines(const FailureGroups& failures) {
  const std::vector<FailureGroups::Group> groups = failures.largest_first();
  std::string out;
  for (std::size_t i = 0; i < std::min(groups.size(), kMostGroups); ++i) out += "  " + group_text(groups[i]) + '\n';
  if (groups.size() > kMostGroups) {
    out += fmt::format("  and {}\n", counted(groups.size() - kMostGroups, "other error", "other errors"));
  }
  return out;
}

std::string time_text(const Summary& summary) {
  const double seconds = std::chrono::duration<double>(summary.duration).count();
  if (summary.targets == 0 || summary.end == Summary::End::cannot_connect) return "";
  std::string text = " in " + duration_text(summary.duration);
  const std::size_t finished = done(summary) + summary.failed;
  const bool has_rate = summary.end != Summary::End::nothing_to_do && finished > 1 && seconds > 0;
  if (has_rate) text += " (" + rate_text(static_cast<double>(finished) / seconds) + ")";
  return text;
}

}  // namespace

std::string failure_text(const Target& target, const ServerReport& report, bool context, const Appearance& appearance) {
  std::string out = painted("failed:", Color::red, appearance) + ' ' +
                    painted(visible(target.label()), Color::bold, appearance) + ": ";
  const std::string_view message = without_label(report.message, target);
  // A message of several lines goes on below.
  const std::size_t end = message.find('\n');
  out += with_sqlstate(message.substr(0, end), report.sqlstate) + '\n';
  if (end != std::string_view::npos) out += indented("      ", message.substr(end + 1), appearance);
  out += indented("detail:", report.detail, appearance);
  out += indented("hint:", report.hint, appearance);
  if (context) out += indented("context:", report.context, appearance);
  return out;
}

std::string outcome_text(const Outcome& outcome, const Appearance& appearance) {
  const bool is_done = outcome.state == Outcome::State::done;
  std::string out =
      is_done ? painted("done:", Color::green, appearance) : painted("cancelled:", Color::yellow, appearance);
  out += ' ' + visible(outcome.target.label()) + ": ";
  if (!is_done) return out + "as it was before";
  if (outcome.steps.empty()) {
    out += "at " + visible(outcome.to_revision);
  } else {
    out += visible(outcome.from_revision) + " -> " + visible(outcome.to_revision) + ", " +
           counted(outcome.steps.size(), "step", "steps") + ", " + duration_text(outcome.duration);
  }
  if (outcome.held_at) out += ", held at " + visible(*outcome.held_at);
  if (!outcome.skipped.empty())
    out += fmt::format(", {} skipped", visible(fmt::format("{}", fmt::join(outcome.skipped, ", "))));
  if (outcome.attempts > 1) out += fmt::format(", {} attempts", outcome.attempts);
  return out;
}

std::string operation_text(const Heading& heading) {
  return visible(heading.operation) + (heading.revision.empty() ? "" : " to " + visible(heading.revision));
}

std::string ending_text(const Summary& summary) {
  const std::string of_all = number_text(done(summary)) + " of " + targets(summary.targets);
  switch (summary.end) {
    case Summary::End::done:
      if (summary.not_started > 0) return visible(summary.reason) + "; " + of_all + " done";
      return summary.targets == 1 ? "1 target done" : "all " + targets(summary.targets) + " done";
    case Summary::End::failures:
      return number_text(summary.failed) + " of " + targets(summary.targets) + " failed";
    case Summary::End::stopped:
      return "stopped" + (summary.reason.empty() ? "" : ": " + visible(summary.reason)) + "; " + of_all + " done";
    case Summary::End::nothing_to_do:
      if (summary.targets == 0) return "nothing to do: no target is selected";
      return "nothing to do: " + targets(summary.targets) + (summary.targets == 1 ? " is" : " are") + " up to date";
    case Summary::End::cannot_connect:
      return "cannot connect" + (summary.reason.empty() ? "" : ": " + visible(summary.reason));
  }
  return "";
}

std::string group_text(const FailureGroups::Group& group) {
  const std::string_view first_line = std::string_view(group.message).substr(0, group.message.find('\n'));
  return targets(group.targets) + ": " + with_sqlstate(first_line, group.sqlstate) +
         (group.targets > 1 ? ", first: " : ", ") + visible(group.first);
}

std::string next_step(const Summary& summary) {
  const std::string run = summary.run ? std::to_string(*summary.run) : std::string();
  switch (summary.end) {
    case Summary::End::done:
      return summary.run && summary.not_started > 0 ? "What is left: tenancy run resume " + run : "";
    case Summary::End::failures:
      if (summary.run) {
        return "What is done stays done. `tenancy run show " + run +
               "` lists the failed targets. Mend them, then: tenancy run retry " + run;
      }
      return "What is done stays done. Mend the failed targets and run the same command again: it does what is left. "
             "`tenancy status --behind` lists them.";
    case Summary::End::stopped:
      if (summary.run) return "What is done stays done. What is left: tenancy run resume " + run;
      return "What is done stays done. Run the same command again: it does what is left.";
    default:
      return "";
  }
}

std::string summary_text(const Heading& heading, const Summary& summary, const FailureGroups& failures,
                         const Appearance& appearance) {
  std::string out = painted(operation_text(heading), Color::bold, appearance) + ": " +
                    painted(ending_text(summary), color_of(summary.end), appearance);
  out += time_text(summary) + '\n';
  // With nothing to do, the line has said it all.
  if (summary.end != Summary::End::nothing_to_do) out += counts(summary, appearance);
  if (summary.skipping > 0) {
    out += fmt::format("  {} pending migrations that are older than the newest applied one: skipped\n",
                       counted(summary.skipping, "target has", "targets have"));
  }
  out += group_lines(failures);
  const std::string next = next_step(summary);
  if (!next.empty()) out += next + '\n';
  return out;
}

}  // namespace tenancy::driver
