// The fleet as the control database knows it: what has something to do, page by page, by tenancy.fleet_page.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver/connection/connection.h"
#include "driver/fleet/selection.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

/// A target and what is to be done there.
struct PlannedTarget {
  enum class State {
    pending,  ///< it has steps
    busy,     ///< another session keeps readers out of its tracking table
    failed,   ///< its plan cannot be made
    unread,   ///< in another database: nobody looked
  };
  Target target;
  State state = State::pending;
  std::string from_revision{};
  std::vector<std::string> versions{};  ///< of its steps
  bool transactional = true;
  std::string sqlstate{}, error{};  ///< of state busy and failed
};

struct FleetPage {
  std::vector<PlannedTarget> targets{};
  std::size_t unchanged = 0;
  std::size_t skipping = 0;  ///< of those: with pending migrations that are out of order and left out
  std::size_t expected = 0;  ///< of the first of several: targets of all; else 0
};

/// What is asked of tenancy.fleet_page.
struct FleetQuestion {
  core::Direction direction = core::Direction::up;
  std::string revision = "heads";
  Selection selection{};
  std::size_t page_size = 1000;
  /// Settings of the extension for the calls, such as tenancy.out_of_order.
  std::vector<std::pair<std::string, std::string>> settings{};
  std::chrono::milliseconds timeout{0};  ///< of a page; 0: none
};

/// Each page is a transaction of its own, that knows nothing of the one before.
class FleetPages {
 public:
  explicit FleetPages(FleetQuestion question) : question_(std::move(question)) {}

  /// The next page; nothing behind the last. Throws ServerError; the same page may then be asked for again, over
  /// another session.
  boost::asio::awaitable<std::optional<FleetPage>> next(Connection& control);

 private:
  [[nodiscard]] std::vector<Statement> statements() const;

  FleetQuestion question_;
  std::optional<std::string> after_;
  bool at_end_ = false;
};

}  // namespace tenancy::driver
