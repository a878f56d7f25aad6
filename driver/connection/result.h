// The rows that a statement returned.
#pragma once

#include <libpq-fe.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tenancy::driver {

/// Owns a PGresult. Views of values live as long as the object.
class Result {
 public:
  Result() = default;
  explicit Result(PGresult* result) noexcept : result_(result) {}

  [[nodiscard]] std::size_t rows() const noexcept { return result_ ? PQntuples(result_.get()) : 0; }
  [[nodiscard]] std::size_t columns() const noexcept { return result_ ? PQnfields(result_.get()) : 0; }
  [[nodiscard]] bool is_null(std::size_t row, std::size_t column) const noexcept {
    return PQgetisnull(result_.get(), static_cast<int>(row), static_cast<int>(column)) != 0;
  }
  /// The value as text; empty for NULL.
  [[nodiscard]] std::string_view text(std::size_t row, std::size_t column) const noexcept {
    int const r = static_cast<int>(row);
    int const c = static_cast<int>(column);
    return {PQgetvalue(result_.get(), r, c), static_cast<std::size_t>(PQgetlength(result_.get(), r, c))};
  }
  /// The value; nothing for NULL.
  [[nodiscard]] std::optional<std::string> value(std::size_t row, std::size_t column) const {
    if (is_null(row, column)) return std::nullopt;
    return std::string(text(row, column));
  }
  [[nodiscard]] std::string_view name(std::size_t column) const noexcept {
    return PQfname(result_.get(), static_cast<int>(column));
  }
  /// The value of an integer's column; 0 for NULL.
  [[nodiscard]] std::int64_t integer(std::size_t row, std::size_t column) const noexcept {
    std::string_view const digits = text(row, column);
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  /// "UPDATE 3", "CREATE TABLE", …
  [[nodiscard]] std::string_view command() const noexcept { return result_ ? PQcmdStatus(result_.get()) : ""; }
  [[nodiscard]] PGresult* native() const noexcept { return result_.get(); }

 private:
  struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

}  // namespace tenancy::driver
