// What the commands that work CONCURRENTLY leave when they do not come to their end: they commit on the way, so no
// rollback takes it away. By plain SQL what the extension's file of this name does.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/sql_kind.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

/// Compares the table that a statement works on before the statement and after it failed. The session must have the
/// search_path and the role of the migration, and be in no transaction. All functions throw ServerError.
class ConcurrentChange {
 public:
  /// Both must outlive the object.
  ConcurrentChange(Connection& connection, const core::SqlKind& statement)
      : connection_(connection), statement_(statement) {}

  /// Looks at the table now. A statement of another kind has none.
  boost::asio::awaitable<void> look(Deadline deadline);

  /// What the statement does to what stands in another schema than this: "indexes table public.users".
  boost::asio::awaitable<std::optional<std::string>> escape(std::uint32_t schema, Deadline deadline);

  /// Is there an effect other than remains()?
  boost::asio::awaitable<bool> took_effect(Deadline deadline);
  /// The indexes that the statement left INVALID, as SQL names them.
  boost::asio::awaitable<std::vector<std::string>> remains(Deadline deadline);

  /// May it be passed by, though nobody knows whether it ran? So it is for CREATE INDEX CONCURRENTLY when its table has
  /// a valid index of that name.
  [[nodiscard]] bool is_done() const;
  /// The INVALID indexes that an earlier, interrupted run of the statement left, as SQL names them.
  [[nodiscard]] std::vector<std::string> remains_of_earlier_run() const;
  /// The index that CREATE INDEX CONCURRENTLY IF NOT EXISTS passed by although it is INVALID: how SQL names it.
  boost::asio::awaitable<std::optional<std::string>> invalid_index(Deadline deadline);

 private:
  struct Index {
    std::string oid;
    bool valid = false;
    std::string name;       ///< alone
    std::string sql_name;   ///< with its schema, quoted
    bool is_named = false;  ///< the statement names it
  };
  boost::asio::awaitable<std::vector<Index>> indexes(Deadline deadline);
  boost::asio::awaitable<std::string> oid_of(const std::string& name, Deadline deadline);

  Connection& connection_;
  const core::SqlKind& statement_;
  std::string object_{"0"};     ///< oid of what the statement names first; 0: none
  std::string table_{"0"};      ///< oid
  std::string partition_{"0"};  ///< oid
  std::vector<Index> before_;
};

}  // namespace tenancy::driver
