// How a connection comes about.
#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <new>
#include <sstream>
#include <utility>

#include "driver/connection/answer.h"
#include "driver/connection/connection.h"
#include "driver/connection/host_names.h"
#include "driver/connection/session.h"

namespace tenancy::driver {

namespace asio = boost::asio;

namespace {

Endpoint endpoint_of(const Conninfo& in_force) {
  const auto value = [&in_force](std::string_view keyword, std::string_view otherwise) {
    return std::string(in_force.get(keyword).value_or(otherwise));
  };
  return {.host = value("host", value("hostaddr", "(the default socket)")),
          .port = value("port", "5432"),
          .database = value("dbname", ""),
          .user = value("user", "")};
}

/// Where the attempt that failed led to.
Endpoint endpoint_of(const PGconn* connection, const Conninfo& in_force) {
  Endpoint endpoint = endpoint_of(in_force);
  if (const char* host = PQhost(connection); host != nullptr && *host != '\0') endpoint.host = host;
  if (const char* port = PQport(connection); port != nullptr && *port != '\0') endpoint.port = port;
  return endpoint;
}

ServerError unreached(const Endpoint& endpoint, std::string_view words) {
  return {ServerError::Kind::unreached, unreached_report(endpoint, words)};
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(list)};
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

bool is_name(const std::string& host) {
  if (host.empty() || host.front() == '/' || host.front() == '@') return false;  // of a Unix socket
  boost::system::error_code error;
  asio::ip::make_address(host, error);
  return error.failed();
}

void add(std::string& list, std::string_view part, bool is_first) {
  if (!is_first) list += ',';
  list += part;
}

/// Puts addresses in place of names, so that libpq has none to look up: a host with several of them becomes as many
/// hosts. The names stay beside them, for .pgpass and certificates.
asio::awaitable<void> resolve(Conninfo& conninfo, const Conninfo& in_force, Deadline deadline) {
  const std::vector<std::string> hosts = split(in_force.get("host").value_or(""));
  if (in_force.get("hostaddr") || std::none_of(hosts.begin(), hosts.end(), is_name)) co_return;
  std::vector<std::string> ports = split(in_force.get("port").value_or(""));
  if (ports.size() == 1) ports.resize(hosts.size(), ports.front());
  if (ports.size() > 1 && ports.size() != hosts.size()) co_return;  // libpq will say so
  ports.resize(hosts.size());

  std::string all_hosts;
  std::string all_addresses;
  std::string all_ports;
  bool is_first = true;
  std::string unknown;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    std::vector<std::string> addresses{""};
    try {
      if (is_name(hosts[i])) addresses = co_await addresses_of(hosts[i], deadline);
    } catch (const UnknownHost& error) {
      unknown = error.what();
      continue;
    }
    for (const std::string& address : addresses) {
      add(all_hosts, hosts[i], is_first);
      add(all_addresses, address, is_first);
      add(all_ports, ports[i], is_first);
      is_first = false;
    }
  }
  if (is_first) throw UnknownHost(unknown);
  conninfo.set("host", all_hosts);
  // All of them may be numeric, or sockets: then the names that were unknown are all that is gone.
  if (all_addresses.find_first_not_of(',') != std::string::npos) conninfo.set("hostaddr", all_addresses);
  if (all_ports.find_first_not_of(',') != std::string::npos) conninfo.set("port", all_ports);
}

/// What libpq's own defaults are not good for: a tool that runs unattended, over connections that are silent for as
/// long as a migration takes.
void add_defaults(Conninfo& conninfo, const Conninfo& in_force) {
  // Statements are files, and these are UTF-8.
  conninfo.set("client_encoding", "UTF8");
  const auto add = [&](std::string_view keyword, std::string_view value) {
    if (!in_force.get(keyword)) conninfo.set(keyword, value);
  };
  add("fallback_application_name", "tenancy");
  add("keepalives_idle", "30");
  add("keepalives_interval", "10");
  add("keepalives_count", "3");
  add("tcp_user_timeout", "60000");
}

/// libpq leaves connect_timeout to those who poll.
Deadline with_connect_timeout(Deadline deadline, const Conninfo& in_force) {
  const std::string_view text = in_force.get("connect_timeout").value_or("");
  int seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || seconds <= 0) return deadline;
  return std::min(deadline, std::chrono::steady_clock::now() + std::chrono::seconds(seconds));
}

ConnectionHandle start(const Conninfo& conninfo) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : conninfo.parameters()) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  ConnectionHandle connection(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection) throw std::bad_alloc();
  return connection;
}

/// False: the deadline passed before it was open, or not to be had.
asio::awaitable<bool> poll(PGconn* connection, Deadline deadline) {
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
    const Interest interest = status == PGRES_POLLING_READING ? Interest::read : Interest::write;
    const bool is_ready = co_await wait_once(PQsocket(connection), interest, deadline);
    if (!is_ready) co_return false;
    status = PQconnectPoll(connection);
  }
  co_return true;
}

void forget_addresses_of(const Conninfo& in_force) {
  for (const std::string& host : split(in_force.get("host").value_or(""))) forget_addresses(host);
}

}  // namespace

asio::awaitable<Connection> Connection::open(Conninfo conninfo, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const Conninfo in_force = conninfo.in_force();
  deadline = with_connect_timeout(deadline, in_force);
  try {
    co_await resolve(conninfo, in_force, deadline);
  } catch (const UnknownHost& error) {
    throw unreached(endpoint_of(in_force), error.what());
  }
  add_defaults(conninfo, in_force);

  ConnectionHandle connection = start(conninfo);
  auto notices = std::make_unique<NoticeQueue>();
  collect_notices(connection.get(), *notices);
  // The text is all that libpq keeps of a refusal, and the SQLSTATE is not part of it otherwise.
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  bool is_in_time = true;
  if (PQstatus(connection.get()) != CONNECTION_BAD) is_in_time = co_await poll(connection.get(), deadline);
  if (!is_in_time || PQstatus(connection.get()) != CONNECTION_OK) {
    forget_addresses_of(in_force);
    throw unreached(endpoint_of(connection.get(), in_force),
                    is_in_time ? PQerrorMessage(connection.get()) : "the server did not answer in time");
  }
  PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection.get(), 1) != 0) {
    throw unreached(endpoint_of(connection.get(), in_force), PQerrorMessage(connection.get()));
  }
  co_return Connection(std::make_unique<Session>(executor, std::move(connection), std::move(notices)));
}

}  // namespace tenancy::driver
