// Arguments and results of SQL functions.
#pragma once

#include "extension/guard.h"
#include "extension/spi.h"

/// Declares and begins an SQL-callable function. PostgreSQL 15 does not export it by itself.
#define TENANCY_SQL_FUNCTION(name)                     \
  _Pragma("GCC visibility push(default)") extern "C" { \
    Datum name(PG_FUNCTION_ARGS);                      \
    PG_FUNCTION_INFO_V1(name);                         \
  }                                                    \
  _Pragma("GCC visibility pop") Datum name([[maybe_unused]] PG_FUNCTION_ARGS)

namespace tenancy {

/// The arguments of a call as C++ values. Positions begin at 0. Throws PgError.
class Arguments {
 public:
  explicit Arguments(FunctionCallInfo call) noexcept : call_(call) {}

  [[nodiscard]] Value optional_text(int position) const;
  /// PgError, with `name` in it, when the argument is NULL.
  [[nodiscard]] std::string required_text(int position, const char* name) const;
  [[nodiscard]] bool boolean(int position, bool when_null) const;
  [[nodiscard]] std::optional<int> integer(int position) const;
  [[nodiscard]] std::int64_t required_bigint(int position, const char* name) const;
  /// As the type's output function writes it.
  [[nodiscard]] Value jsonb(int position) const;
  [[nodiscard]] Value array(int position) const;
  /// The elements of a text[]; none when it is NULL. PgError, with `name` in it, when one of them is.
  [[nodiscard]] std::vector<std::string> texts(int position, const char* name) const;

 private:
  [[nodiscard]] bool is_null(int position) const { return call_->args[position].isnull; }
  FunctionCallInfo call_;
};

struct Moment {
  TimestampTz time;
};

/// A value of a result row.
using Cell = std::variant<std::monostate, std::string_view, std::int64_t, bool, std::chrono::microseconds, Moment,
                          std::span<const std::string>>;

[[nodiscard]] inline Cell to_cell(const Value& value) { return value ? Cell(std::string_view(*value)) : Cell(); }
[[nodiscard]] inline Cell to_cell(const std::string& value) { return Cell(std::string_view(value)); }
[[nodiscard]] inline Cell cell_or_null(const std::string& value) { return value.empty() ? Cell() : to_cell(value); }

/// The rows of a set-returning function, kept by PostgreSQL (on disk when there are many).
class ResultRows {
 public:
  explicit ResultRows(FunctionCallInfo call);
  /// Cells in the order of the function's columns; a cell's kind must fit its column's type: text, int4 or int8,
  /// bool, interval, timestamptz, text[].
  void add(std::initializer_list<Cell> cells);

 private:
  ReturnSetInfo* result_;
};

/// A text result; in the caller's memory context.
[[nodiscard]] Datum text_datum(std::string_view text);

}  // namespace tenancy
