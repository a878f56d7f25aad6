// Sessions of the driver in tests.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "driver/connection/connection.h"
#include "tests/system/cluster.h"
#include "tests/system/event_loop.h"

namespace tenancy::test {

inline driver::Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// A test with a loop, and a database of its own on the cluster that all tests of the binary share.
class DriverSessionTest : public DatabaseTest {
 protected:
  driver::Connection open(const std::string& conninfo) {
    return loop_.run(driver::Connection::open(driver::Conninfo::parse(conninfo), in(std::chrono::seconds(30))));
  }
  driver::Connection open() { return open(cluster().conninfo(database())); }

  /// The one value of the one row.
  std::string value(driver::Connection& session, std::string_view sql, driver::Parameters values = {}) {
    const driver::Result result = loop_.run(session.query(sql, std::move(values), in(std::chrono::seconds(30))));
    EXPECT_EQ(result.rows(), 1U);
    return result.rows() == 1 ? result.value(0, 0).value_or("NULL") : "";
  }

  /// Runs what must throw.
  template <typename T>
  driver::ServerError error_of(boost::asio::awaitable<T> work) {
    try {
      loop_.run(std::move(work));
    } catch (const driver::ServerError& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {driver::ServerError::Kind::refused, {}};
  }

  driver::ServerError error_of_open(const std::string& conninfo,
                                    driver::Deadline deadline = in(std::chrono::seconds(30))) {
    const driver::ServerError error = error_of(driver::Connection::open(driver::Conninfo::parse(conninfo), deadline));
    EXPECT_EQ(error.kind(), driver::ServerError::Kind::unreached) << error.what();
    return error;
  }

  void expect_usable(driver::Connection& session) { EXPECT_EQ(value(session, "SELECT 'usable'"), "usable"); }

  EventLoop loop_;
};

}  // namespace tenancy::test
