#include "driver/apply/plain_target.h"

#include <algorithm>

#include "core/error.h"
#include "core/tool_sql.h"
#include "driver/apply/failure.h"

namespace tenancy::driver {

namespace {

using Purpose = PlainBatch::Purpose;

/// Every other look is owed to somebody else's success.
constexpr int kMostLooks = 10;
constexpr std::size_t kLongestName = 63;

bool is_reserved(const std::string& schema) {
  return schema.starts_with("pg_") || schema == "information_schema" || schema == "tenancy";
}

ServerReport missing_schema() {
  return make_report("3F000", "the schema does not exist",
                     "A new tenant is made with tenancy.create_tenant(). For one that is registered, restore the "
                     "schema, correct tenancy.tenants, or call tenancy.deregister_tenant().");
}

std::optional<core::Finding> finding_of(const ServerReport& report) {
  return report.sqlstate == "22P02" ? core::finding_in(report.message) : std::nullopt;
}

}  // namespace

PlainTarget::PlainTarget(const MigrationStore& store, const Request& request, const Target& target,
                         const Connection& connection)
    : store_(store),
      request_(request),
      target_(target),
      connection_(connection),
      place_(place_of(request, target, connection.server_version())),
      other_sets_(store.sets().others(target.migration_set, request.direction)),
      scripts_(store) {
  if (target.schema.size() > kLongestName) {
    refuse(make_report("42622", "schema name \"" + target.schema + "\" is too long", {},
                       "It has " + std::to_string(target.schema.size()) + " bytes; names have at most " +
                           std::to_string(kLongestName) + "."));
    return;
  }
  look();
}

void PlainTarget::look() {
  stage_ = Stage::look;
  batch_ = {};
  ++looks_;
  tools_.clear();
  unadopted_.reset();
  if (std::exchange(needs_rollback_, false)) add_rollback(batch_);
  add_look(batch_, place_, other_sets_, request_.lock_timeout);
}

/// Is a statement gone that the session kept? A function that a migration called may have taken it away.
bool PlainTarget::misses_statement(const BatchResult& reply) const {
  return reply.failure && reply.failure->sqlstate == "26000" && !lost_statements_ &&
         batch_.statements()[reply.results.size()].is_kept;
}

void PlainTarget::take(const BatchResult& reply) {
  if (misses_statement(reply)) {
    lost_statements_ = needs_rollback_ = true;
    return look();
  }
  try {
    switch (stage_) {
      case Stage::look:
        return take_look(reply);
      case Stage::details:
        return take_details(reply);
      case Stage::act:
        return take_act(reply);
      case Stage::clear:
      case Stage::over:
        return end();
    }
  } catch (const core::Error& error) {
    refuse(to_report(error));
  } catch (const ServerError& error) {
    fail(error.report(), true);
  }
}

void PlainTarget::take_look(const BatchResult& reply) {
  needs_rollback_ = reply.failure.has_value();
  if (batch_.find(reply, Purpose::facts) == nullptr) return fail(*reply.failure, true);
  if (!read_facts(reply)) return fail(missing_schema(), needs_rollback_);
  if (is_reserved(target_.schema)) {
    return fail(make_report("42939", "the schema belongs to the system and cannot be migrated"), needs_rollback_);
  }
  if (reply.failure) {
    const Purpose purpose = batch_.origin(reply.results.size()).purpose;
    if (purpose != Purpose::lock_tracking || reply.failure->sqlstate != "42P01") return explain_look(reply);
    facts_.is_tracked = false;
    find_tools();
  } else {
    facts_.is_tracked = true;
    facts_.applied = read_rows(*batch_.find(reply, Purpose::applied));
    for (std::size_t i = 0; i < other_sets_.size(); ++i) {
      facts_.applied_of_others[other_sets_[i]] = read_rows(*batch_.find(reply, Purpose::applied_of_other, i));
    }
  }
  if (needs_details()) return ask_details();
  make_plan(false);
}

bool PlainTarget::read_facts(const BatchResult& reply) {
  const Result* const facts = batch_.find(reply, Purpose::facts);
  if (facts->rows() == 0) return false;
  facts_ = {};
  for (const std::string& set : other_sets_) facts_.applied_of_others[set];
  facts_.schema = static_cast<std::uint32_t>(facts->integer(0, core::kFactSchema));
  facts_.owner = facts->text(0, core::kFactOwner);
  facts_.caller = facts->text(0, core::kFactCaller);
  facts_.role = facts->value(0, core::kFactRole);
  facts_.may_be_owner = facts->text(0, core::kFactMayBeOwner) == "t";
  facts_.has_extension_schema = facts->text(0, core::kFactExtensionSchema) == "t";
  facts_.database = facts->text(0, core::kFactDatabase);
  facts_.time = facts->text(0, core::kFactTime);
  facts_.tool_tables = core::parse_tool_tables(facts->text(0, core::kFactToolTables));
  facts_.backend_pid = static_cast<int>(facts->integer(0, core::kFactBackend));
  scripts_.set_variables(variables(), {request_.variables.begin(), request_.variables.end()});
  return true;
}

void PlainTarget::explain_look(const BatchResult& reply) {
  const Purpose purpose = batch_.origin(reply.results.size()).purpose;
  ServerReport report = *reply.failure;
  if (const auto finding = finding_of(report)) {
    report = explain(*finding, place_);
  } else if (purpose == Purpose::role && report.sqlstate == "42501" && !facts_.may_be_owner) {
    report = make_report("42501", "role \"" + facts_.caller + "\" may not run migrations as \"" + facts_.owner + "\"",
                         "Grant it membership in the owner's role, or run as the caller: run_as => 'caller'.");
  } else if (report.sqlstate == "42501" && purpose != Purpose::role) {
    report = make_report("42501", "permission denied for tracking table \"" + place_.tracking_table + "\"",
                         "Migrate as a role that may read and write it: the schema's owner, by run_as => 'owner', or "
                         "whoever made the table.");
  } else if (report.sqlstate == "42809" && purpose == Purpose::lock_tracking) {
    report = explain({std::string(core::kFindingForeign), {}}, place_);
  }
  fail(std::move(report), true);
}

bool PlainTarget::needs_details() const {
  if (!tools_.empty() || facts_.is_in_doubt()) return true;
  if (target_.kind != core::TargetKind::tenant || request_.direction == core::Direction::down) return false;
  // Nothing else is in a schema that a first migration is for.
  if (!facts_.applied.empty()) return false;
  const auto has_outside = [this](const std::string& name) { return !store_.set(name).is_transactional(); };
  return has_outside(target_.migration_set) || std::any_of(other_sets_.begin(), other_sets_.end(), has_outside);
}

void PlainTarget::ask_details() {
  stage_ = Stage::details;
  batch_ = {};
  if (std::exchange(needs_rollback_, false)) add_rollback(batch_);
  batch_.add(Purpose::transaction, core::begin_statement());
  batch_.add(Purpose::settings, core::own_settings(request_.lock_timeout));
  batch_.add(Purpose::check_target, core::check_unoccupied(facts_.schema));
  batch_.add(Purpose::empty, core::read_empty(place_, facts_.schema));
  if (!tools_.empty()) batch_.add(Purpose::role, core::take_role(place_));
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    const core::HistoryTool& tool = *tools_[i].tool;
    batch_.begin_step(i);
    batch_.add(Purpose::check_target, core::lock_tool_table(tool, place_.schema));
    batch_.add(Purpose::check_target, core::check_tool_table(tool, place_.schema));
    batch_.add(Purpose::tool_rows, core::read_tool_rows(tool, place_.schema));
  }
  batch_.add(Purpose::transaction, core::TargetStatement{"COMMIT"});
}

void PlainTarget::take_details(const BatchResult& reply) {
  if (reply.failure) {
    const auto finding = finding_of(*reply.failure);
    return fail(finding ? explain(*finding, place_) : *reply.failure, true);
  }
  unadopted_ = find_unadopted(reply);
  make_plan(batch_.find(reply, Purpose::empty)->text(0, 0) == "t");
}

void PlainTarget::find_tools() {
  if (request_.direction == core::Direction::down) return;
  for (const core::NamedTable& table : facts_.tool_tables) {
    if (auto trace = core::recognise_table(table.name, table.columns)) tools_.push_back(*std::move(trace));
  }
}

std::optional<core::ToolTrace> PlainTarget::find_unadopted(const BatchResult& reply) const {
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    const Result& rows = *batch_.find(reply, Purpose::tool_rows, i);
    if (core::has_applied_something(*tools_[i].tool, read_tool_rows(*tools_[i].tool, rows))) return tools_[i];
  }
  return std::nullopt;
}

core::Plan PlainTarget::plan() const {
  core::PlanRequest request{.direction = request_.direction,
                            .revision = request_.revision,
                            .pins = target_.other_pins,
                            .out_of_order = request_.out_of_order,
                            .in_doubt = core::InDoubt::retry};
  if (target_.pinned_revision && request_.direction == core::Direction::up) {
    request.pin = core::parse_revision(*target_.pinned_revision);
  }
  StoredHistories histories(store_.sets(),
                            [this](const std::string& set) { return facts_.rows_of(set, target_.migration_set); });
  return core::plan_target(target_.migration_set, target_.kind, request, histories);
}

/// Non-transactional steps too in a tenant's schema that is empty: they cannot keep anybody waiting who works there.
bool PlainTarget::runs_inside(const core::Step& step, bool is_empty) const {
  const core::Migration& migration = store_.migration(step.set->name(), step.migration);
  if (migration.transactional) return true;
  return is_empty && step.direction == core::Direction::up && !step.in_doubt &&
         target_.kind == core::TargetKind::tenant && !migration.allow_outside;
}

void PlainTarget::make_plan(bool is_empty) {
  const bool rolls_back = needs_rollback_;
  try {
    plan_ = plan();
    if (unadopted_ && !plan_.steps.empty()) return fail(explain_unadopted(*unadopted_), rolls_back);
    inside_ = 0;
    while (inside_ < plan_.steps.size() && runs_inside(plan_.steps[inside_], is_empty)) ++inside_;
    if (auto flaw = find_flaw()) return fail(*std::move(flaw), rolls_back);
    const auto adds_value = [this](const core::Step& step) { return scripts_.script(step).adds_enum_value(); };
    const auto end = plan_.steps.begin() + inside_;
    const auto last = std::find_if(plan_.steps.begin(), end, adds_value);
    if (last != end) inside_ = last - plan_.steps.begin() + 1;
  } catch (const core::Error& error) {
    return fail(to_report(error), rolls_back);
  }
  to_ = core::first_steps(store_.set(target_.migration_set), target_.kind, facts_.applied, plan_, inside_).to;
  if (inside_ > 0) return act();
  rolls_back ? clear() : end();
}

core::TargetVariables PlainTarget::variables() const {
  return {.schema = target_.schema,
          .tenant = target_.tenant,
          .shared_schema = request_.shared_schemas.front(),
          .database = facts_.database,
          .user = facts_.role.value_or(facts_.caller),
          .tracking_table = request_.tracking_table,
          .timestamp = facts_.time,
          .given = target_.variables};
}

std::optional<ServerReport> PlainTarget::find_flaw() const {
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    const core::Step& step = plan_.steps[i];
    const bool is_inside = i < inside_;
    if (!is_inside && !scripts_.is_rendered(step)) continue;
    const Script* script = nullptr;
    try {
      script = &scripts_.script(step);
      if (is_inside) script->check_session();
    } catch (const core::Error& error) {
      ServerReport report = make_report(core::sqlstate(error.kind()), error.placed_message(), error.hint());
      prefix(report, step.name(target_.migration_set));
      if (script != nullptr) {
        report.detail = "It changes the session, and the next tenant would get what this one left.";
      }
      return report;
    }
  }
  return std::nullopt;
}

void PlainTarget::act() {
  stage_ = Stage::act;
  batch_ = {};
  steps_.clear();
  if (std::exchange(needs_rollback_, false)) add_rollback(batch_);
  PlainPart part{store_,
                 scripts_,
                 place_,
                 facts_,
                 target_.kind,
                 std::span(plan_.steps).first(inside_),
                 {request_.lock_timeout, request_.statement_timeout}};
  part.checks_each_statement = checks_each_statement_;
  // What commits before steps outside of transactions is waited for with them.
  part.waits_at_commit = waits_at_commit_ || has_more();
  part.keeps_statements = connection_.keeps_statements() && !lost_statements_;
  part.needs_empty_schema = std::any_of(part.steps.begin(), part.steps.end(),
                                        [](const core::Step& step) { return !step.stored().transactional; });
  steps_ = named(part.steps);
  add_part(batch_, part);
}

std::vector<StepOutcome> PlainTarget::named(std::span<const core::Step> steps) const {
  std::vector<StepOutcome> result;
  for (const core::Step& step : steps) {
    const core::StoredMigration& stored = step.stored();
    result.push_back({stored.version, stored.description, step.direction, {}, other_set(step, target_)});
  }
  return result;
}

void PlainTarget::take_act(const BatchResult& reply) {
  if (!reply.failure) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Result& row = *batch_.find(reply, Purpose::record, i);
      steps_[i].duration = std::chrono::microseconds(row.integer(0, 0));
    }
    if (const Result* const wait = batch_.find(reply, Purpose::wait, steps_.size() - 1)) {
      owed_ = owed_by(wait->text(0, 0));
    }
    return end();
  }
  const PlainBatch::Origin& origin = batch_.origin(reply.results.size());
  const auto finding = finding_of(*reply.failure);
  const bool is_new = origin.purpose == Purpose::create_tracking &&
                      (reply.failure->sqlstate == "42P07" || reply.failure->sqlstate == "23505");
  const bool is_other = finding && (finding->code == core::kFindingChanged || finding->code == core::kFindingInUse);
  if ((is_new || is_other) && looks_ < kMostLooks) {
    needs_rollback_ = true;
    return look();
  }
  const bool escapes = finding && (finding->code == core::kFindingEscape || finding->code == core::kFindingExtension);
  if (escapes && !checks_each_statement_) {
    // Once more, to tell which statement it is.
    checks_each_statement_ = true;
    needs_rollback_ = true;
    return act();
  }
  fail(explain_act(*reply.failure, origin), true);
}

ServerReport PlainTarget::explain_act(const ServerReport& cause, const PlainBatch::Origin& origin) {
  ServerReport report = cause;
  const auto finding = finding_of(cause);
  if (finding && finding->code == core::kFindingToolDiffers) {
    return explain_difference(store_.synced_tool(plan_.steps[origin.step].set->name()).value(), finding->text);
  }
  if (finding) report = explain(*finding, place_);
  if (origin.purpose == Purpose::commit) {
    prefix(report, "at commit");
    return report;
  }
  const bool is_of_step = origin.purpose == Purpose::prepare || origin.purpose == Purpose::statement ||
                          origin.purpose == Purpose::constraints || origin.purpose == Purpose::check_statement ||
                          origin.purpose == Purpose::check_migration || origin.purpose == Purpose::record ||
                          origin.purpose == Purpose::tool_sync;
  if (!is_of_step) return report;
  const core::Step& step = plan_.steps[origin.step];
  const core::Migration& migration = store_.migration(step.set->name(), step.migration);
  passed_its_limit_ = explain_timeout(report, migration.statement_timeout.value_or(request_.statement_timeout));
  if (origin.purpose == Purpose::constraints) {
    prefix(report, "deferred constraints, checked at the end of the migration");
  } else if (origin.purpose == Purpose::statement || origin.purpose == Purpose::check_statement) {
    const Script& script = scripts_.script(step);
    // The protocol's words for parameters that a statement has and nobody gives.
    if (report.sqlstate == "08P01") report = make_report("42P02", "there is no parameter $1");
    prefix(report, script.name(script.statements()[origin.statement], report.position));
    report.position = 0;
  }
  prefix(report, step.name(target_.migration_set));
  return report;
}

void PlainTarget::fail(ServerReport report, bool in_transaction) {
  prefix(report, target_.label());
  was_cancelled_ = report.sqlstate == "57014" && !passed_its_limit_;
  failure_ = std::move(report);
  steps_.clear();
  inside_ = 0;
  plan_.steps.clear();
  to_ = plan_.from;
  in_transaction ? clear() : end();
}

void PlainTarget::clear() {
  stage_ = Stage::clear;
  batch_ = {};
  add_rollback(batch_);
  add_session_reset(batch_);
}

void PlainTarget::end() {
  stage_ = Stage::over;
  batch_ = {};
}

}  // namespace tenancy::driver
