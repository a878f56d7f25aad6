#include "extension/spi.h"

#include "extension/datum_text.h"

namespace tenancy {

namespace {

constexpr std::size_t kMaxParameters = 32;

[[noreturn]] void fail(const char* what, int code) {
  ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg_internal("%s: %s", what, SPI_result_code_string(code))));
  pg_unreachable();
}

void require_room(std::size_t parameters) {
  if (parameters > kMaxParameters) throw std::logic_error("a query with too many parameters");
}

/// Parameters as SPI takes them; in a guarded frame, so without a destructor. Their number must be within bounds.
struct SpiParameters {
  explicit SpiParameters(std::span<const Value> parameters) {
    for (const Value& parameter : parameters) {
      types[count] = TEXTOID;
      nulls[count] = parameter ? ' ' : 'n';
      values[count] = parameter ? datum_of(*parameter) : 0;
      ++count;
    }
  }

  Oid types[kMaxParameters];
  Datum values[kMaxParameters];
  char nulls[kMaxParameters];
  int count = 0;
};

/// Copies what SPI returned; in a guarded frame, so without a local that has a destructor.
void copy_rows(std::vector<Row>& rows) {
  if (SPI_tuptable == nullptr) return;
  TupleDesc const shape = SPI_tuptable->tupdesc;
  rows.reserve(SPI_tuptable->numvals);
  for (uint64 i = 0; i < SPI_tuptable->numvals; ++i) {
    Row& row = rows.emplace_back();
    row.resize(shape->natts);
    for (int column = 1; column <= shape->natts; ++column) {
      char* const text = SPI_getvalue(SPI_tuptable->vals[i], shape, column);
      if (text == nullptr) continue;
      row[column - 1].emplace(text);
      pfree(text);
    }
  }
}

}  // namespace

std::vector<Row> Query::execute(std::initializer_list<Value> parameters, Sees sees, bool read_only) {
  std::vector<Row> rows;
  require_room(parameters.size());
  guarded([&] {
    SpiParameters given({parameters.begin(), parameters.size()});
    if (int const code = SPI_connect(); code != SPI_OK_CONNECT) fail("SPI_connect", code);
    if (plan_ == nullptr) {
      int const options = planned_ == Planned::each_run ? CURSOR_OPT_CUSTOM_PLAN : 0;
      SPIPlanPtr const plan = SPI_prepare_cursor(sql_, given.count, given.types, options);
      if (plan == nullptr) fail("SPI_prepare", SPI_result);
      SPI_keepplan(plan);
      plan_ = plan;
    }
    Snapshot const snapshot = sees == Sees::latest ? GetLatestSnapshot() : InvalidSnapshot;
    int const code =
        SPI_execute_snapshot(plan_, given.values, given.nulls, snapshot, InvalidSnapshot, read_only, true, 0);
    if (code < 0) fail("SPI_execute_snapshot", code);
    copy_rows(rows);
    SPI_finish();
  });
  return rows;
}

void run_once(const std::string& sql, const std::vector<Value>& parameters) {
  require_room(parameters.size());
  guarded([&] {
    SpiParameters given(parameters);
    if (int const code = SPI_connect(); code != SPI_OK_CONNECT) fail("SPI_connect", code);
    int const code = SPI_execute_with_args(sql.c_str(), given.count, given.types, given.values, given.nulls, false, 0);
    if (code < 0) fail("SPI_execute_with_args", code);
    SPI_finish();
  });
}

std::vector<Row> Query::run(std::initializer_list<Value> parameters) {
  return execute(parameters, Sees::as_usual, false);
}

std::vector<Row> Query::run_on_latest(std::initializer_list<Value> parameters) {
  return execute(parameters, Sees::latest, false);
}

std::vector<Row> Query::peek(std::initializer_list<Value> parameters) {
  return execute(parameters, Sees::latest, true);
}

}  // namespace tenancy
