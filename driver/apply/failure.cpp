#include "driver/apply/failure.h"

#include <ranges>
#include <vector>

#include "core/tool_history.h"
#include "core/tracking_sql.h"

namespace tenancy::driver {

namespace {

constexpr std::string_view kOtherTable =
    "If it means another tool's table, choose another name for ours with the setting tenancy.tracking_table.";

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  for (auto const& part : std::views::split(text, ',')) names.emplace_back(part.begin(), part.end());
  return names;
}

}  // namespace

void prefix(ServerReport& report, std::string_view place) {
  report.message = std::string(place) + ": " + report.message;
}

ServerReport make_report(std::string_view sqlstate, std::string message, std::string hint, std::string detail) {
  ServerReport report;
  report.severity = "ERROR";
  report.sqlstate = sqlstate;
  report.message = std::move(message);
  report.hint = std::move(hint);
  report.detail = std::move(detail);
  return report;
}

ServerReport to_report(const core::Error& error) {
  return make_report(core::sqlstate(error.kind()), error.located_message(), error.hint());
}

ServerReport relabelled(ServerReport report, const Target& target) {
  Target here;
  here.schema = target.schema;
  Target there = here;
  there.database = target.database;
  for (const std::string& label : {target.label() + ": ", there.label() + ": ", here.label() + ": "}) {
    if (report.message.starts_with(label)) report.message.erase(0, label.size());
  }
  prefix(report, target.label());
  return report;
}

ServerReport explain(const core::Finding& finding, const core::TargetPlace& place) {
  const std::string table = quoted(place.tracking_table);
  const std::string schema = quoted(place.schema);
  const auto is = [&](std::string_view code) { return finding.code == code; };
  if (is(core::kFindingForeign)) {
    const core::ForeignTable text = core::describe_foreign_table(split_names(finding.text));
    return make_report("42809", table + " is not a tracking table of tenancy", text.hint, text.detail);
  }
  if (is(core::kFindingOwnCode)) {
    return make_report(
        "42809", "tracking table " + table + " has expressions of its own",
        "Drop its triggers, rules, policies, defaults, CHECK constraints, generated columns, and indexes "
        "with expressions or conditions.");
  }
  if (is(core::kFindingToolTable)) {
    return make_report("42809", finding.text, "Only a table of the tool's own making is read.");
  }
  if (is(core::kFindingToolColumn)) {
    return make_report("42703", finding.text, "It is not this tool's, or of another version of it.");
  }
  if (is(core::kFindingToolType)) return make_report("42809", finding.text);
  if (is(core::kFindingMoved)) return make_report("3F000", "the schema was dropped or renamed meanwhile");
  if (is(core::kFindingChanged)) return make_report("40001", "another session migrated it meanwhile");
  if (is(core::kFindingOccupied)) {
    return make_report("55P03", "a non-transactional migration is running there, in another session",
                       "See pg_stat_activity; try again when it has ended.");
  }
  if (is(core::kFindingInUse)) return make_report("40001", "another session made something in schema " + schema);
  if (is(core::kFindingRenames)) {
    return make_report("55000", "the migration renames or drops schema " + schema);
  }
  if (is(core::kFindingRows)) {
    return make_report("55000", "the migration changes the rows of tracking table " + table, std::string(kOtherTable));
  }
  if (is(core::kFindingTracking)) {
    return make_report("55000", "the migration alters or drops tracking table " + table, std::string(kOtherTable));
  }
  if (is(core::kFindingEscape)) {
    return make_report("55000", "the migration " + finding.text + ", outside schema " + schema,
                       "Leave names unqualified, so that they mean the tenant's schema. What all tenants share belongs "
                       "in a migration of scope public; if this is meant, add the header line -- "
                       "MIGRATION_ALLOW_OUTSIDE: on.");
  }
  return make_report("55000", "the migration installs extension " + quoted(finding.text) + " in schema " + schema,
                     "Install it in a migration of scope public, or add SCHEMA and a shared schema's name to "
                     "CREATE EXTENSION.",
                     "A database has each extension once: the other tenants would not see it.");
}

ServerReport explain_difference(const core::SyncedTool& synced, std::string_view found) {
  const core::ForeignTable text = core::describe_difference(synced, found);
  return make_report("55000", synced.tool + " has gone on there, or back, by itself", text.hint, text.detail);
}

ServerReport explain_unadopted(const core::ToolTrace& trace) {
  return make_report("55000", trace.names + " has applied migrations there, and none of them is recorded here",
                     "tenancy adopt --from " + trace.tool->name +
                         " says what they are, and takes them over with --apply. If they have nothing to do with these "
                         "migrations, first make a tracking table there that is empty: CREATE TABLE … (LIKE that of "
                         "another tenant INCLUDING ALL).",
                     "They are in table \"" + trace.tool->table + "\".");
}

bool explain_timeout(ServerReport& report, std::chrono::milliseconds statement_timeout) {
  if (report.sqlstate != "57014" || statement_timeout.count() == 0) return false;
  if (report.message.find("statement timeout") == std::string::npos) return false;
  report.message += " of " + std::to_string(statement_timeout.count()) + " ms";
  return true;
}

}  // namespace tenancy::driver
