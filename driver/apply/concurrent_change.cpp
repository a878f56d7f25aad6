#include "driver/apply/concurrent_change.h"

#include <algorithm>

namespace tenancy::driver {

namespace asio = boost::asio;

namespace {

using Command = core::SqlKind::Command;

/// In one transaction with a query of ours: the tenant's schema must not give names to it.
const Statement kOwnPath{"SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)"};

asio::awaitable<Result> ask(Connection& connection, std::string_view query, Parameters values, Deadline deadline) {
  std::vector<Statement> statements;
  statements.push_back(kOwnPath);
  statements.push_back({std::string(query), std::move(values)});
  BatchResult reply = co_await connection.batch(statements, deadline);
  if (reply.failure) throw ServerError(ServerError::Kind::refused, *reply.failure);
  co_return std::move(reply.results[1]);
}

/// As REINDEX CONCURRENTLY names what it builds (…_ccnew, …_ccnew1) and what it replaces (…_ccold).
bool is_of_reindex(std::string_view name) {
  while (!name.empty() && name.back() >= '0' && name.back() <= '9') name.remove_suffix(1);
  return name.ends_with("_ccnew") || name.ends_with("_ccold");
}

const char* verb_of(Command command) noexcept {
  switch (command) {
    case Command::create_index:
      return "indexes";
    case Command::drop_index:
      return "drops";
    case Command::reindex:
      return "reindexes";
    case Command::detach_partition:
      return "alters";
    case Command::other:
      break;
  }
  return "";
}

}  // namespace

asio::awaitable<std::string> ConcurrentChange::oid_of(const std::string& name, Deadline deadline) {
  if (name.empty()) co_return "0";
  // In the search_path of the migration.
  const Result row =
      co_await connection_.query("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", parameters(name), deadline);
  co_return row.value(0, 0).value_or("0");
}

asio::awaitable<void> ConcurrentChange::look(Deadline deadline) {
  const Command command = statement_.concurrent_command();
  if (command == Command::other) co_return;
  const std::string second = statement_.second_object();
  const bool creates = command == Command::create_index;
  const std::string first = creates ? second : statement_.object();
  object_ = co_await oid_of(first, deadline);
  if (command == Command::detach_partition) {
    partition_ = co_await oid_of(second, deadline);
    co_return;
  }
  const Result row =
      co_await ask(connection_, "SELECT coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = $1::oid), $1::oid)",
                   parameters(object_), deadline);
  table_ = row.text(0, 0);
  before_ = co_await indexes(deadline);
}

asio::awaitable<std::vector<ConcurrentChange::Index>> ConcurrentChange::indexes(Deadline deadline) {
  const std::string named = statement_.concurrent_command() == Command::create_index ? statement_.object() : "";
  const Result rows = co_await ask(
      connection_,
      "SELECT i.indexrelid, i.indisvalid AND i.indisready AND i.indislive, c.relname, format('%I.%I', n.nspname, "
      "c.relname), $2 <> '' AND c.oid IS NOT DISTINCT FROM to_regclass(format('%I.%s', n.nspname, $2))"
      " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE i.indrelid = $1::oid",
      parameters(table_, named), deadline);
  std::vector<Index> result;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    result.push_back({std::string(rows.text(row, 0)), rows.text(row, 1) == "t", std::string(rows.text(row, 2)),
                      std::string(rows.text(row, 3)), rows.text(row, 4) == "t"});
  }
  co_return result;
}

asio::awaitable<std::optional<std::string>> ConcurrentChange::escape(std::uint32_t schema, Deadline deadline) {
  if (object_ == "0") co_return std::nullopt;
  const Result row = co_await ask(connection_,
                                  "SELECT o.type || ' ' || o.identity FROM pg_class AS c, pg_identify_object("
                                  "'pg_class'::regclass, c.oid, 0) AS o WHERE c.oid = $1::oid AND c.relnamespace <> "
                                  "$2::oid AND c.relpersistence <> 't'",
                                  parameters(object_, std::to_string(schema)), deadline);
  if (row.rows() == 0) co_return std::nullopt;
  co_return std::string(verb_of(statement_.concurrent_command())) + " " + std::string(row.text(0, 0));
}

asio::awaitable<bool> ConcurrentChange::took_effect(Deadline deadline) {
  if (partition_ != "0") {
    const Result row =
        co_await ask(connection_,
                     "SELECT NOT EXISTS (SELECT FROM pg_class WHERE oid = $1::oid AND relispartition)"
                     " OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = $1::oid AND inhdetachpending)",
                     parameters(partition_), deadline);
    co_return row.text(0, 0) == "t";
  }
  const std::vector<Index> now = co_await indexes(deadline);
  const auto has_new_valid = [](const std::vector<Index>& here, const std::vector<Index>& there) {
    return std::any_of(here.begin(), here.end(), [&](const Index& one) {
      return one.valid && std::none_of(there.begin(), there.end(),
                                       [&](const Index& other) { return other.valid && other.oid == one.oid; });
    });
  };
  if (statement_.concurrent_command() == Command::create_index) co_return has_new_valid(now, before_);
  co_return statement_.concurrent_command() == Command::drop_index&& has_new_valid(before_, now);
}

asio::awaitable<std::vector<std::string>> ConcurrentChange::remains(Deadline deadline) {
  std::vector<std::string> names;
  const Command command = statement_.concurrent_command();
  if (command != Command::create_index && command != Command::reindex) co_return names;
  const std::vector<Index> now = co_await indexes(deadline);
  for (const Index& one : now) {
    const bool was_invalid =
        std::any_of(before_.begin(), before_.end(), [&](const Index& old) { return old.oid == one.oid && !old.valid; });
    if (!one.valid && !was_invalid) names.push_back(one.sql_name);
  }
  co_return names;
}

bool ConcurrentChange::is_done() const {
  return std::any_of(before_.begin(), before_.end(), [](const Index& one) { return one.is_named && one.valid; });
}

std::vector<std::string> ConcurrentChange::remains_of_earlier_run() const {
  const bool reindexes = statement_.concurrent_command() == Command::reindex;
  std::vector<std::string> names;
  for (const Index& one : before_) {
    if (!one.valid && (reindexes ? is_of_reindex(one.name) : one.is_named)) names.push_back(one.sql_name);
  }
  return names;
}

asio::awaitable<std::optional<std::string>> ConcurrentChange::invalid_index(Deadline deadline) {
  if (statement_.concurrent_command() != Command::create_index) co_return std::nullopt;
  const std::vector<Index> now = co_await indexes(deadline);
  for (const Index& one : now) {
    if (one.is_named && !one.valid) co_return one.sql_name;
  }
  co_return std::nullopt;
}

}  // namespace tenancy::driver
