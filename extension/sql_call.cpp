#include "extension/sql_call.h"

#include "extension/datum_text.h"

namespace tenancy {

namespace {

constexpr int kMaxColumns = 32;

/// In a guarded frame: allocates.
Datum to_array(std::span<const std::string> texts) {
  ArrayBuildState* array = initArrayResult(TEXTOID, CurrentMemoryContext, false);
  for (const std::string& text : texts) {
    array = accumArrayResult(array, CStringGetTextDatum(text.c_str()), false, TEXTOID, CurrentMemoryContext);
  }
  return makeArrayResult(array, CurrentMemoryContext);
}

/// The same.
Datum to_datum(const Cell& cell, Oid type) {
  if (auto* const text = std::get_if<std::string_view>(&cell)) {
    return datum_of(*text);
  }
  if (auto* const number = std::get_if<std::int64_t>(&cell)) {
    return type == INT4OID ? Int32GetDatum(static_cast<int32>(*number)) : Int64GetDatum(*number);
  }
  if (auto* const flag = std::get_if<bool>(&cell)) return BoolGetDatum(*flag);
  if (auto* const moment = std::get_if<Moment>(&cell)) return TimestampTzGetDatum(moment->time);
  if (auto* const texts = std::get_if<std::span<const std::string>>(&cell)) return to_array(*texts);
  auto* const interval = static_cast<Interval*>(palloc0(sizeof(Interval)));
  interval->time = std::get_if<std::chrono::microseconds>(&cell)->count();
  return IntervalPGetDatum(interval);
}

}  // namespace

Value Arguments::optional_text(int position) const {
  if (is_null(position)) return std::nullopt;
  const text* const value = guarded([&] { return DatumGetTextPP(call_->args[position].value); });
  return std::string(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

std::string Arguments::required_text(int position, const char* name) const {
  if (is_null(position)) {
    throw PgError(ERRCODE_NULL_VALUE_NOT_ALLOWED, std::string(name) + " must not be NULL");
  }
  return *optional_text(position);
}

bool Arguments::boolean(int position, bool when_null) const {
  return is_null(position) ? when_null : DatumGetBool(call_->args[position].value);
}

std::optional<int> Arguments::integer(int position) const {
  if (is_null(position)) return std::nullopt;
  return DatumGetInt32(call_->args[position].value);
}

Value Arguments::jsonb(int position) const {
  if (is_null(position)) return std::nullopt;
  return guarded([&] { return DatumGetCString(DirectFunctionCall1(jsonb_out, call_->args[position].value)); });
}

Value Arguments::array(int position) const {
  if (is_null(position)) return std::nullopt;
  return guarded([&] { return OidOutputFunctionCall(F_ARRAY_OUT, call_->args[position].value); });
}

std::int64_t Arguments::required_bigint(int position, const char* name) const {
  if (is_null(position)) {
    throw PgError(ERRCODE_NULL_VALUE_NOT_ALLOWED, std::string(name) + " must not be NULL");
  }
  return DatumGetInt64(call_->args[position].value);
}

std::vector<std::string> Arguments::texts(int position, const char* name) const {
  std::vector<std::string> texts;
  if (is_null(position)) return texts;
  guarded([&] {
    Datum* elements = nullptr;
    bool* nulls = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(call_->args[position].value), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &nulls, &count);
    for (int i = 0; i < count; ++i) {
      if (nulls[i]) ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not hold NULL", name)));
      char* const element = TextDatumGetCString(elements[i]);
      texts.emplace_back(element);
      pfree(element);
    }
  });
  return texts;
}

ResultRows::ResultRows(FunctionCallInfo call) : result_(reinterpret_cast<ReturnSetInfo*>(call->resultinfo)) {
  guarded([&] { InitMaterializedSRF(call, 0); });
}

void ResultRows::add(std::initializer_list<Cell> cells) {
  guarded([&] {
    Datum values[kMaxColumns];
    bool nulls[kMaxColumns];
    if (cells.size() > kMaxColumns) elog(ERROR, "a row of %zu columns is too wide", cells.size());
    int column = 0;
    for (const Cell& cell : cells) {
      nulls[column] = std::holds_alternative<std::monostate>(cell);
      values[column] = nulls[column] ? 0 : to_datum(cell, TupleDescAttr(result_->setDesc, column)->atttypid);
      ++column;
    }
    Assert(column == result_->setDesc->natts);
    tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls);
  });
}

Datum text_datum(std::string_view text) {
  return guarded([=] { return datum_of(text); });
}

}  // namespace tenancy
