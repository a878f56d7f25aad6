// Takes over what another tool has recorded in a target, by plain SQL.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "core/adoption.h"
#include "driver/apply/store.h"
#include "driver/connection/connection.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

/// What it came to, in the words of tenancy.adopt().
struct AdoptionOutcome {
  std::string state;
  std::string revision{};
  std::size_t versions = 0;
  std::string detail{};
};

class PlainAdopter {
 public:
  enum class Mode { look, record };

  /// The store must outlive the object.
  PlainAdopter(const MigrationStore& store, Request request, core::ToolSource source, Mode mode)
      : store_(store), request_(std::move(request)), source_(std::move(source)), mode_(mode) {}

  /// One target, in a transaction of its own. What is wrong with the target is its state. Throws ServerError(lost,
  /// timed_out).
  boost::asio::awaitable<AdoptionOutcome> adopt(Connection& connection, const Target& target, Deadline deadline) const;

 private:
  const MigrationStore& store_;
  Request request_;
  core::ToolSource source_;
  Mode mode_;
};

}  // namespace tenancy::driver
