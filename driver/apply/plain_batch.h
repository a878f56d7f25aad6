// Statements that are sent together, and what each of them is for.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/target_sql.h"
#include "core/tool_history.h"
#include "core/tool_sync.h"
#include "driver/apply/store.h"
#include "driver/apply/target_scripts.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

class PlainBatch {
 public:
  enum class Purpose {
    transaction,  ///< BEGIN, COMMIT of what only looked, ROLLBACK
    settings,
    facts,
    role,
    lock_tracking,
    check_tracking,
    applied,
    applied_of_other,  ///< set; the step is its index among those asked for
    lock_target,
    check_target,
    create_tracking,
    empty,
    tool_rows,    ///< of another tool's table
    tool_sync,    ///< writes there what belongs to a step
    prepare,      ///< the settings of a migration
    statement,    ///< of a migration
    constraints,  ///< deferred ones
    check_statement,
    check_migration,
    record,
    reset,
    wait,  ///< COMMIT is not to
    commit,
  };
  struct Origin {
    Purpose purpose = Purpose::transaction;
    std::size_t step = 0;       ///< index of the plan's step, where it is of one
    std::size_t statement = 0;  ///< index in its script, likewise
  };

  void add(Purpose purpose, core::TargetStatement statement) {
    add({purpose, step_, statement_}, std::move(statement));
  }
  void add(Purpose purpose, std::vector<core::TargetStatement> statements);

  /// What is added from now on is of this step, and of this statement of its script.
  void begin_step(std::size_t step) noexcept { step_ = step, statement_ = 0; }
  void begin_statement(std::size_t statement) noexcept { statement_ = statement; }

  /// What is added from now on is kept by the session where it can be; nothing is at first. Never behind statements
  /// that run with other rights than ours: they could put their own in the place of what is kept.
  void keep_statements(bool keep) noexcept { keeps_ = keep; }

  [[nodiscard]] bool is_empty() const noexcept { return statements_.empty(); }
  [[nodiscard]] std::span<const Statement> statements() const noexcept { return statements_; }
  [[nodiscard]] const Origin& origin(std::size_t index) const { return origins_.at(index); }
  /// The result of the first statement for that purpose (in that step), if it came so far.
  [[nodiscard]] const Result* find(const BatchResult& reply, Purpose purpose, std::size_t step = 0) const;

 private:
  void add(Origin origin, core::TargetStatement statement);

  std::vector<Statement> statements_;
  std::vector<Origin> origins_;
  std::size_t step_ = 0;
  std::size_t statement_ = 0;
  bool keeps_ = false;
};

/// What a look at the target has found.
struct PlainFacts {
  std::uint32_t schema = 0;  ///< its oid
  std::string owner{};
  std::string caller{};
  std::optional<std::string> role{};  ///< that migrations have, when it is not the caller
  bool may_be_owner = false;
  bool has_extension_schema = false;  ///< there is one of the extension's name
  std::string database{};
  std::string time{};                           ///< of the look
  bool is_tracked = false;                      ///< there is a tracking table
  std::vector<core::NamedTable> tool_tables{};  ///< where there is none
  std::vector<core::AppliedMigration> applied{};
  /// Of the other sets that planning takes, by name.
  std::map<std::string, std::vector<core::AppliedMigration>> applied_of_others{};

  /// `own` is the target's set.
  [[nodiscard]] std::span<const core::AppliedMigration> rows_of(const std::string& set, const std::string& own) const {
    return set == own ? applied : applied_of_others.at(set);
  }
  /// Is any row of theirs one of a migration that began and was not recorded as finished?
  [[nodiscard]] bool is_in_doubt() const;
  int backend_pid = 0;
};

/// What is to be done in one transaction.
struct PlainPart {
  const MigrationStore& store;
  const TargetScripts& scripts;
  const core::TargetPlace& place;
  const PlainFacts& facts;
  core::TargetKind kind;
  std::span<const core::Step> steps;   ///< also of sets that the place's own requires
  core::MigrationSettings limits;      ///< for migrations without their own
  bool needs_empty_schema = false;     ///< non-transactional steps are among them
  bool checks_each_statement = false;  ///< for what was made outside of the schema
  bool waits_at_commit = true;
  bool keeps_statements = false;  ///< the session has prepared statements of ours
};

/// In one transaction: schema, roles, tracking table and its rows, of the place's set and of others.
void add_look(PlainBatch& batch, const core::TargetPlace& place, std::span<const std::string> other_sets,
              std::chrono::milliseconds lock_timeout);
/// The same behind whoever holds the target's lock: the rows are what all that began before has left.
void add_look_at_end(PlainBatch& batch, const core::TargetPlace& place, std::span<const std::string> other_sets,
                     std::chrono::milliseconds lock_timeout);
[[nodiscard]] std::vector<core::AppliedMigration> read_rows(const Result& rows);
/// The place as one of another set.
[[nodiscard]] core::TargetPlace with_set(const core::TargetPlace& place, const std::string& set);
/// The result of core::read_tool_rows(). Throws ServerError when there are too many.
[[nodiscard]] std::vector<core::ToolRow> read_tool_rows(const core::HistoryTool& tool, const Result& rows);
/// The table of another tool that goes along with a set, if one does.
[[nodiscard]] std::optional<core::ToolSync> tool_sync_of(const PlainPart& part, const core::MigrationSet& set);
/// Before the steps; `set` is that of the table.
void add_tool_check(PlainBatch& batch, const PlainPart& part, const core::MigrationSet& set,
                    const core::ToolSync& sync);
/// Behind what a step records. Both throw core::Error.
void add_tool_record(PlainBatch& batch, const PlainPart& part, core::ToolSync& sync, const core::Step& step);
/// BEGIN, locks, and everything of which the plan was made once more.
void add_entry(PlainBatch& batch, const PlainPart& part);
/// In one transaction, all of it with COMMIT.
void add_part(PlainBatch& batch, const PlainPart& part);
/// After a failure.
void add_rollback(PlainBatch& batch);
boost::asio::awaitable<void> roll_back(Connection& connection, Deadline deadline);
/// Behind it, when nothing else follows: what no end of a transaction takes away.
void add_session_reset(PlainBatch& batch);

}  // namespace tenancy::driver
