// What commands work with: the settings in force, the event loop, the control database.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <functional>
#include <future>
#include <optional>

#include "driver/command/exit_code.h"
#include "driver/config/configuration.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

class Context {
 public:
  /// What a command does; Failure, ServerError and core::Error that it throws are said by the application.
  using Action = std::function<ExitCode()>;

  /// What the command line says of settings. Filled while it is parsed.
  [[nodiscard]] GivenFlags& flags() noexcept { return flags_; }
  /// Called while the command line is parsed: this is what it asks for.
  void choose(Action action) { action_ = std::move(action); }
  [[nodiscard]] const Action& action() const noexcept { return action_; }

  /// The settings in force. Read at the first call, so that commands that need none work beside a broken file. Throws
  /// UsageError.
  [[nodiscard]] const Configuration& configuration();
  [[nodiscard]] const Settings& settings() { return configuration().settings(); }

  [[nodiscard]] boost::asio::io_context& io_context() noexcept { return io_context_; }

  /// Runs a coroutine to its end on the io_context, and everything that it spawns there; throws what it throws.
  template <class Result>
  Result run(boost::asio::awaitable<Result> work) {
    std::future<Result> result = boost::asio::co_spawn(io_context_, std::move(work), boost::asio::use_future);
    io_context_.restart();
    io_context_.run();
    return result.get();
  }

  /// How to reach the control database.
  [[nodiscard]] Conninfo control_conninfo();
  /// A session with the control database. Throws ServerError.
  [[nodiscard]] boost::asio::awaitable<Connection> connect();
  /// A session with any, within connect_timeout; what is done there without a deadline of its own takes at most
  /// target_timeout. Throws ServerError.
  [[nodiscard]] boost::asio::awaitable<Connection> connect_to(Conninfo conninfo);

 private:
  GivenFlags flags_;
  Action action_;
  std::optional<Configuration> configuration_;
  boost::asio::io_context io_context_{1};
};

}  // namespace tenancy::driver
