// Operations over a scripted fleet.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <future>
#include <stdexcept>
#include <string>

#include "tests/driver/scripted_fleet.h"

namespace tenancy::driver::test {

class Operations : public testing::Test {
 protected:
  Operations() {
    options.lanes = 3;
    options.page_size = 3;
    options.retry = {
        .max_attempts = 3, .first_delay = std::chrono::milliseconds(1), .longest_delay = std::chrono::milliseconds(4)};
    options.reconnect_timeout = std::chrono::seconds(30);
  }

  void add(const std::string& id, const std::string& server = "", const std::string& database = "") {
    source.targets.push_back({.tenant = id, .server = server, .database = database, .schema = id});
  }
  void add_many(int count, const std::string& server = "") {
    for (int i = 0; i < count; ++i) add("t" + std::to_string(i), server);
  }
  void add_shared(const std::string& database = "") {
    source.targets.push_back({.database = database, .schema = "public", .kind = core::TargetKind::shared});
  }

  Summary run(core::Direction direction = core::Direction::up) {
    std::future<Summary> summary =
        boost::asio::co_spawn(context,
                              run_operation({.heading = {},
                                             .direction = direction,
                                             .options = options,
                                             .source = source,
                                             .sessions = fleet,
                                             .bound_of = [this](const std::string&) { return options.per_server; },
                                             .reporter = reporter}),
                              boost::asio::use_future);
    context.run();
    return summary.get();
  }

  const Outcome& outcome_of(const std::string& schema) {
    for (const Outcome& outcome : reporter.outcomes) {
      if (outcome.target.schema == schema) return outcome;
    }
    throw std::out_of_range(schema + " did not end");
  }

  boost::asio::io_context context{1};
  LaneOptions options;
  ScriptedFleet fleet{context};
  ScriptedSource source;
  RecordingReporter reporter;
};

}  // namespace tenancy::driver::test
