#include "extension/script_runner.h"

#include "extension/compat.h"
#include "extension/statement_timer.h"

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

/// Analyses, plans and runs one statement; all memory goes with a context of its own. The snapshot for the
/// analysis is popped before the statement runs, which takes its own.
void run_statement(RawStmt* tree, const char* sql) {
  MemoryContext const statement_context =
      AllocSetContextCreate(CurrentMemoryContext, "tenancy statement", ALLOCSET_DEFAULT_SIZES);
  MemoryContext const outer = MemoryContextSwitchTo(statement_context);
  CommandCounterIncrement();
  auto* const copy = static_cast<RawStmt*>(copyObjectImpl(tree));
  bool const snapshot = analyze_requires_snapshot(copy);
  if (snapshot) PushActiveSnapshot(GetTransactionSnapshot());
  List* const queries = pg_analyze_and_rewrite_fixedparams(copy, sql, nullptr, 0, nullptr);
  List* const plans = pg_plan_queries(queries, sql, CURSOR_OPT_PARALLEL_OK, nullptr);
  if (snapshot) PopActiveSnapshot();
  ListCell* cell;
  foreach (cell, plans) run_planned(lfirst_node(PlannedStmt, cell), sql);
  CommandCounterIncrement();
  MemoryContextSwitchTo(outer);
  MemoryContextDelete(statement_context);
}

}  // namespace

void run_script(const SqlScript& script, std::chrono::milliseconds statement_timeout, void (*after_statement)()) {
  StatementTimer timer(statement_timeout);
  for (const ScriptStatement& statement : script.statements()) {
    timer.start();
    try {
      guarded([&] {
        CHECK_FOR_INTERRUPTS();
        run_statement(statement.tree, script.sql());
        after_statement();
        timer.stop();
        CHECK_FOR_INTERRUPTS();
      });
    } catch (PgError& error) {
      timer.stop();
      timer.explain(error);
      int offset = statement.offset;
      if (error.report().cursor_position > 0) {
        offset = script.offset_of_character(error.report().cursor_position);
        script.show_line(error, offset);
      }
      error.prefix("statement " + std::to_string(statement.number) + " (" + script.place(offset) + ")");
      throw;
    }
  }
}

void run_internal_sql(const std::string& sql) {
  guarded([&] {
    ListCell* cell;
    foreach (cell, raw_parser(sql.c_str(), RAW_PARSE_DEFAULT)) run_statement(lfirst_node(RawStmt, cell), sql.c_str());
  });
}

}  // namespace tenancy
