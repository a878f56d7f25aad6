#include "extension/guard.h"

namespace tenancy {

namespace {

void assign(std::string& to, const char* from) {
  if (from != nullptr) to = from;
}

/// In the current memory context; NULL for empty text. ereports.
char* duplicate(const std::string& text) { return text.empty() ? nullptr : pstrdup(text.c_str()); }

/// What sql_entry() caught, between its catch block and raise_kept(). Static, so that the longjmp that
/// leaves the frame skips no destructor.
ErrorReport kept;
bool kept_from_server = false;

int sqlerrcode_of(core::ErrorKind kind) {
  std::string_view const state = core::sqlstate(kind);
  return MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
}

}  // namespace

PgError::PgError(int sqlerrcode, std::string message, std::string detail, std::string hint) {
  report_.sqlerrcode = sqlerrcode;
  report_.message = std::move(message);
  report_.detail = std::move(detail);
  report_.hint = std::move(hint);
}

std::string PgError::sqlstate() const { return unpack_sql_state(report_.sqlerrcode); }

bool PgError::stops_the_run() const noexcept {
  if (confined_) return false;
  switch (report_.sqlerrcode) {
    case ERRCODE_QUERY_CANCELED:
    case ERRCODE_ADMIN_SHUTDOWN:
    case ERRCODE_CRASH_SHUTDOWN:
    case ERRCODE_OUT_OF_MEMORY:
    case ERRCODE_DISK_FULL:
      return true;
    default:
      return false;
  }
}

PgError to_pg_error(const core::Error& error) {
  return {sqlerrcode_of(error.kind()), error.located_message(), {}, error.hint()};
}

namespace detail {

void throw_current_error(MemoryContext context) {
  MemoryContextSwitchTo(context);
  ErrorData* const error = CopyErrorData();
  FlushErrorState();
  ErrorReport report;
  report.sqlerrcode = error->sqlerrcode;
  assign(report.message, error->message);
  assign(report.detail, error->detail);
  assign(report.detail_log, error->detail_log);
  assign(report.hint, error->hint);
  assign(report.context, error->context);
  assign(report.schema_name, error->schema_name);
  assign(report.table_name, error->table_name);
  assign(report.column_name, error->column_name);
  assign(report.datatype_name, error->datatype_name);
  assign(report.constraint_name, error->constraint_name);
  assign(report.internal_query, error->internalquery);
  report.cursor_position = error->cursorpos;
  report.internal_position = error->internalpos;
  report.filename = error->filename;
  report.lineno = error->lineno;
  report.funcname = error->funcname;
  report.to_server_log = error->output_to_server;
  FreeErrorData(error);
  throw PgError(std::move(report));
}

void keep_error(PgError&& error) noexcept {
  kept = std::move(error.report());
  kept_from_server = error.from_server();
}

void keep_out_of_memory() noexcept {
  kept = ErrorReport{};
  kept.sqlerrcode = ERRCODE_OUT_OF_MEMORY;
  kept_from_server = false;
}

void keep_unexpected(const char* what) noexcept {
  kept = ErrorReport{};
  kept.sqlerrcode = ERRCODE_INTERNAL_ERROR;
  kept_from_server = false;
  try {
    kept.message = what;
  } catch (...) {
    kept.sqlerrcode = ERRCODE_OUT_OF_MEMORY;
  }
}

void raise_kept() {
  if (kept.message.empty()) {
    ereport(ERROR, (errcode(kept.sqlerrcode), errmsg("out of memory")));
  }
  if (!kept_from_server) {
    ereport(ERROR, (errcode(kept.sqlerrcode), errmsg_internal("%s", kept.message.c_str()),
                    kept.detail.empty() ? 0 : errdetail_internal("%s", kept.detail.c_str()),
                    kept.hint.empty() ? 0 : errhint("%s", kept.hint.c_str()),
                    kept.internal_query.empty() ? 0 : internalerrquery(kept.internal_query.c_str()),
                    kept.internal_position == 0 ? 0 : internalerrposition(kept.internal_position)));
  }
  // The server's own error: its context callbacks ran when it was raised, so it is thrown on as it is.
  MemoryContextSwitchTo(ErrorContext);
  auto* const error = static_cast<ErrorData*>(palloc0(sizeof(ErrorData)));
  error->elevel = ERROR;
  error->output_to_client = true;
  error->output_to_server = kept.to_server_log;
  error->sqlerrcode = kept.sqlerrcode;
  error->message = duplicate(kept.message);
  error->detail = duplicate(kept.detail);
  error->detail_log = duplicate(kept.detail_log);
  error->hint = duplicate(kept.hint);
  error->context = duplicate(kept.context);
  error->schema_name = duplicate(kept.schema_name);
  error->table_name = duplicate(kept.table_name);
  error->column_name = duplicate(kept.column_name);
  error->datatype_name = duplicate(kept.datatype_name);
  error->constraint_name = duplicate(kept.constraint_name);
  error->internalquery = duplicate(kept.internal_query);
  error->cursorpos = kept.cursor_position;
  error->internalpos = kept.internal_position;
  error->filename = kept.filename;
  error->lineno = kept.lineno;
  error->funcname = kept.funcname;
  error->domain = "postgres";
  ReThrowError(error);
}

}  // namespace detail

Subtransaction::Subtransaction() : context_(CurrentMemoryContext), owner_(CurrentResourceOwner) {
  guarded([this] {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context_);
  });
}

void Subtransaction::commit() {
  guarded([this] {
    ReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context_);
    CurrentResourceOwner = owner_;
  });
}

void Subtransaction::roll_back() {
  guarded([this] {
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context_);
    CurrentResourceOwner = owner_;
  });
}

ScopedContext::ScopedContext(MemoryContext parent, const char* literal_name) {
  context_ = guarded([=] { return AllocSetContextCreateInternal(parent, literal_name, ALLOCSET_DEFAULT_SIZES); });
}

}  // namespace tenancy
