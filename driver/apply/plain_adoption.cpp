#include "driver/apply/plain_adoption.h"

#include "core/error.h"
#include "core/tool_sql.h"
#include "driver/apply/failure.h"
#include "driver/apply/plain_batch.h"
#include "driver/apply/plain_target.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;
using Purpose = PlainBatch::Purpose;
using Mode = PlainAdopter::Mode;

/// One target; in one transaction, which its caller rolls back when it throws.
class Adopting {
 public:
  Adopting(Connection& connection, const MigrationStore& store, const core::TargetPlace& place, core::ToolSource source,
           Mode mode, std::chrono::milliseconds lock_timeout, Deadline deadline)
      : connection_(connection),
        store_(store),
        place_(place),
        source_(std::move(source)),
        schema_(core::tool_schema(source_.schema, place.schema)),
        mode_(mode),
        lock_timeout_(lock_timeout),
        deadline_(deadline) {}

  awaitable<core::Adoption> run(core::TargetKind kind) {
    const core::MigrationSet& set = store_.set(place_.migration_set);
    co_await begin();
    co_await read();
    std::vector<core::ToolEntry> const entries = core::read_history_rows(source_.tool, rows_, source_.group);
    core::Adoption adoption = core::assess_adoption(source_.tool, entries, set, kind, applied_,
                                                    goes_along() ? core::Merge::yes : core::Merge::no);
    if (adoption.verdict == core::AdoptionVerdict::empty && entries.empty()) {
      adoption.detail = core::describe_nothing(source_, place_.schema, has_table_);
    }
    co_await end(adoption);
    co_return adoption;
  }

 private:
  awaitable<BatchResult> send(const PlainBatch& batch) {
    BatchResult reply = co_await connection_.batch(batch.statements(), deadline_);
    if (!reply.failure) co_return reply;
    std::optional<core::Finding> const finding = core::finding_in(reply.failure->message);
    throw ServerError(ServerError::Kind::refused, finding ? explain(*finding, place_) : *reply.failure);
  }

  awaitable<void> begin() {
    PlainBatch batch;
    batch.add(Purpose::transaction, core::begin_statement());
    batch.add(Purpose::settings, core::own_settings(lock_timeout_));
    batch.add(Purpose::facts, core::read_facts(place_));
    if (mode_ == Mode::record) batch.add(Purpose::lock_target, core::lock_target_by_name(place_));
    batch.add(Purpose::empty, core::read_presence(place_, source_.tool, schema_));
    BatchResult const reply = co_await send(batch);
    const Result& facts = *batch.find(reply, Purpose::facts);
    if (facts.rows() == 0) {
      throw ServerError(ServerError::Kind::refused, make_report("3F000", "the schema does not exist"));
    }
    role_ = facts.value(0, core::kFactRole);
    const Result& presence = *batch.find(reply, Purpose::empty);
    is_tracked_ = presence.text(0, core::kPresenceTracking) == "t";
    has_table_ = presence.text(0, core::kPresenceTool) == "t";
  }

  awaitable<void> read() {
    PlainBatch batch;
    if (has_table_) {
      // What is in a schema of its own is not the tenant's, and its owner may have no rights there.
      if (role_ && !source_.schema) batch.add(Purpose::role, core::take_named_role(*role_));
      batch.add(Purpose::check_target, core::lock_tool_table(source_.tool, schema_));
      batch.add(Purpose::check_target, core::check_tool_table(source_.tool, schema_));
      batch.add(Purpose::tool_rows, core::read_tool_rows(source_.tool, schema_));
    }
    if (role_) batch.add(Purpose::role, core::take_named_role(*role_));
    if (is_tracked_) {
      batch.add(Purpose::lock_tracking, core::lock_tracking(place_, mode_ == Mode::record));
      batch.add(Purpose::check_tracking, core::check_tracking(place_));
      batch.add(Purpose::applied, core::read_applied(place_));
    }
    if (batch.is_empty()) co_return;
    BatchResult const reply = co_await send(batch);
    if (const Result* const rows = batch.find(reply, Purpose::tool_rows)) rows_ = read_tool_rows(source_.tool, *rows);
    if (is_tracked_) applied_ = read_rows(*batch.find(reply, Purpose::applied));
  }

  /// Is it the table that is kept up to date with the target's set?
  [[nodiscard]] bool goes_along() const {
    const std::optional<core::SyncedTool> synced = store_.synced_tool(place_.migration_set);
    return synced && *synced == core::synced_source(source_);
  }

  /// Writes what is recorded here and not there.
  void add_tool_rows(PlainBatch& batch, const core::MigrationSet& set, const core::Adoption& adoption) const {
    const std::vector<core::AppliedMigration> theirs = core::applied_there(set, applied_, adoption);
    core::ToolSync sync(store_.synced_tool(set.name()).value(), set, place_.schema, theirs);
    for (std::size_t const index : adoption.unwritten) {
      core::ToolFile const file = core::tool_file(store_.migration(set.name(), index));
      batch.add(Purpose::tool_sync, sync.record(index, core::Direction::up, file));
    }
  }

  awaitable<void> end(const core::Adoption& adoption) {
    const core::MigrationSet& set = store_.set(place_.migration_set);
    PlainBatch batch;
    if (mode_ == Mode::record && !adoption.unwritten.empty()) add_tool_rows(batch, set, adoption);
    if (mode_ == Mode::record && adoption.verdict == core::AdoptionVerdict::adoptable) {
      if (!is_tracked_) batch.add(Purpose::create_tracking, core::create_tracking(place_));
      for (const core::Adoption::Migration& migration : adoption.applied) {
        batch.add(Purpose::record, core::insert_adopted(place_, set[migration.index], migration.applied_at));
      }
    }
    batch.add(Purpose::commit, core::TargetStatement{"COMMIT"});
    (void)co_await send(batch);
  }

  Connection& connection_;
  const MigrationStore& store_;
  const core::TargetPlace& place_;
  core::ToolSource source_;
  std::string schema_;  ///< where the tool's table is
  Mode mode_;
  std::chrono::milliseconds lock_timeout_;
  Deadline deadline_;
  std::optional<std::string> role_{};
  bool is_tracked_ = false;
  bool has_table_ = false;
  std::vector<core::ToolRow> rows_{};
  std::vector<core::AppliedMigration> applied_{};
};

AdoptionOutcome failed(const Target& target, const std::string& message, const std::string& hint) {
  return {"failed", {}, 0, target.label() + ": " + message + (hint.empty() ? "" : ". " + hint)};
}

}  // namespace

awaitable<AdoptionOutcome> PlainAdopter::adopt(Connection& connection, const Target& target, Deadline deadline) const {
  core::TargetPlace const place = place_of(request_, target, connection.server_version());
  AdoptionOutcome outcome;
  try {
    Adopting adopting(connection, store_, place, source_.of_set(target.migration_set), mode_, request_.lock_timeout,
                      deadline);
    core::Adoption const adoption = co_await adopting.run(target.kind);
    bool const writes = !adoption.unwritten.empty();
    bool const done = mode_ == Mode::record && (adoption.verdict == core::AdoptionVerdict::adoptable || writes);
    outcome.state = done ? "adopted" : to_string(adoption.verdict);
    outcome.revision = adoption.revision;
    outcome.versions = adoption.applied.size();
    if (!done || !writes) outcome.detail = adoption.detail;
  } catch (const ServerError& error) {
    if (error.kind() != ServerError::Kind::refused) throw;
    outcome = failed(target, error.report().message, error.report().hint);
  } catch (const core::Error& error) {
    outcome = failed(target, error.what(), error.hint());
  }
  if (connection.in_transaction()) co_await connection.execute("ROLLBACK", deadline);
  co_return outcome;
}

}  // namespace tenancy::driver
