// The runner of an operation: which way its targets are worked on.
#pragma once

#include <functional>
#include <optional>

#include "driver/apply/called_runner.h"
#include "driver/apply/plain_runner.h"
#include "driver/apply/store.h"
#include "driver/fleet/event.h"
#include "driver/fleet/runner_sessions.h"

namespace tenancy::driver {

/// Databases with the extension get calls of it, unless it is to be plain SQL everywhere; the others get plain SQL.
/// Both leave the same tracking tables.
class FleetRunners : public RunnerSource {
 public:
  using LoadStore = std::function<boost::asio::awaitable<MigrationStore>()>;

  enum class Way { called_where_possible, plain };

  /// `load` is called once, when there is a first session.
  FleetRunners(const boost::asio::any_io_executor& executor, Request request, Way way, LoadStore load)
      : request_(std::move(request)), way_(way), load_(std::move(load)), loaded_(executor) {}

  boost::asio::awaitable<TargetRunner*> runner() override;

 private:
  boost::asio::awaitable<void> load_store();

  Request request_;
  Way way_;
  LoadStore load_;
  bool loading_ = false;
  Event loaded_;
  std::optional<MigrationStore> store_;
  std::optional<PlainRunner> plain_;
  std::optional<CalledRunner> called_;
};

}  // namespace tenancy::driver
