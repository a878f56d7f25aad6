#include "extension/script_runner.h"

#include "extension/compat.h"
#include "extension/statement_kind.h"

namespace tenancy {

namespace {

void run_planned(PlannedStmt* planned, const char* sql) {
  CommandCounterIncrement();
  PushActiveSnapshot(GetTransactionSnapshot());
  if (planned->utilityStmt != nullptr) {
    ProcessUtility(planned, sql, false, PROCESS_UTILITY_QUERY, nullptr, nullptr, None_Receiver, nullptr);
  } else {
    QueryDesc* const query =
        CreateQueryDesc(planned, sql, GetActiveSnapshot(), nullptr, None_Receiver, nullptr, nullptr, 0);
    ExecutorStart(query, 0);
    compat::executor_run(query, ForwardScanDirection, 0);
    ExecutorFinish(query);
    ExecutorEnd(query);
    FreeQueryDesc(query);
  }
  PopActiveSnapshot();
}

/// The plans of a copy to scribble on; none when there is nothing to do.
List* plan_statement(const RawStmt* tree, const char* sql, Adapt adapt) {
  auto* const copy = static_cast<RawStmt*>(copyObjectImpl(tree));
  if (adapt == Adapt::repeat) make_repeatable(copy->stmt);
  if (adapt == Adapt::to_a_transaction && !make_transactional(copy->stmt)) return NIL;
  bool const snapshot = analyze_requires_snapshot(copy);
  if (snapshot) PushActiveSnapshot(GetTransactionSnapshot());
  List* const queries = pg_analyze_and_rewrite_fixedparams(copy, sql, nullptr, 0, nullptr);
  List* const plans = pg_plan_queries(queries, sql, CURSOR_OPT_PARALLEL_OK, nullptr);
  if (snapshot) PopActiveSnapshot();
  return plans;
}

/// Analyses, plans and runs one statement; all memory goes with a context of its own. The snapshot for the
/// analysis is popped before the statement runs, which takes its own.
void run_in_transaction(const RawStmt* tree, const char* sql, Adapt adapt) {
  MemoryContext const statement_context =
      AllocSetContextCreate(CurrentMemoryContext, "tenancy statement", ALLOCSET_DEFAULT_SIZES);
  MemoryContext const outer = MemoryContextSwitchTo(statement_context);
  CommandCounterIncrement();
  ListCell* cell;
  foreach (cell, plan_statement(tree, sql, adapt)) run_planned(lfirst_node(PlannedStmt, cell), sql);
  CommandCounterIncrement();
  MemoryContextSwitchTo(outer);
  MemoryContextDelete(statement_context);
}

/// What postgres.c does with a statement of a client. The portal keeps the snapshot that the command begins with and
/// may give back, and the memory that outlives the command's own commits.
void run_in_portal(const RawStmt* tree, const char* sql, Adapt adapt, AfterStatement after_statement) {
  MemoryContext const outer = CurrentMemoryContext;
  MemoryContext const statement_context = AllocSetContextCreate(outer, "tenancy statement", ALLOCSET_DEFAULT_SIZES);
  SetCurrentStatementStartTimestamp();
  StartTransactionCommand();
  MemoryContextSwitchTo(statement_context);
  List* const plans = plan_statement(tree, sql, adapt);
  Portal const portal = CreateNewPortal();
  portal->visible = false;
  PortalDefineQuery(portal, nullptr, sql, CreateCommandTag(tree->stmt), plans, nullptr);
  PortalStart(portal, nullptr, 0, InvalidSnapshot);
  compat::portal_run(portal);
  PortalDrop(portal, false);
  after_statement();
  CommitTransactionCommand();
  MemoryContextSwitchTo(outer);
  MemoryContextDelete(statement_context);
}

/// Runs `run`, which stops the timer, for the statement in a guarded frame; names the statement in what it throws.
template <typename Run>
void watched(const SqlScript& script, const ScriptStatement& statement, StatementTimer& timer, Run run) {
  timer.start();
  try {
    guarded([&] {
      CHECK_FOR_INTERRUPTS();
      run();
    });
  } catch (PgError& error) {
    timer.stop();
    timer.explain(error);
    int offset = statement.offset;
    if (error.report().cursor_position > 0) {
      offset = script.offset_of_character(error.report().cursor_position);
      script.show_line(error, offset);
    }
    error.prefix(script.name(statement, offset));
    throw;
  }
}

}  // namespace

void run_script(const SqlScript& script, std::chrono::milliseconds statement_timeout, Adapt adapt,
                AfterStatement after_statement) {
  StatementTimer timer(statement_timeout);
  for (const ScriptStatement& statement : script.statements()) {
    run_statement(script, statement, timer, adapt, after_statement);
  }
}

void run_statement(const SqlScript& script, const ScriptStatement& statement, StatementTimer& timer, Adapt adapt,
                   AfterStatement after_statement) {
  watched(script, statement, timer, [&] {
    run_in_transaction(statement.tree, script.sql(), adapt);
    after_statement();
    timer.stop();
    CHECK_FOR_INTERRUPTS();
  });
}

void run_at_top_level(const SqlScript& script, const ScriptStatement& statement, StatementTimer& timer, Adapt adapt,
                      AfterStatement after_statement) {
  watched(script, statement, timer, [&] {
    run_in_portal(statement.tree, script.sql(), adapt, after_statement);
    // It is committed: nothing may fail now.
    timer.stop();
    timer.forget();
  });
}

void run_internal_sql(const std::string& sql) {
  guarded([&] {
    ListCell* cell;
    foreach (cell, raw_parser(sql.c_str(), RAW_PARSE_DEFAULT)) {
      run_in_transaction(lfirst_node(RawStmt, cell), sql.c_str(), Adapt::no);
    }
  });
}

void run_internal_sql_at_top_level(const std::string& sql) {
  guarded([&] {
    List* const trees = raw_parser(sql.c_str(), RAW_PARSE_DEFAULT);
    run_in_portal(linitial_node(RawStmt, trees), sql.c_str(), Adapt::no, [] {});
  });
}

}  // namespace tenancy
