// Stands between clients and a server, knows where messages begin and end, and cuts, resets or stalls connections at a
// chosen one. It runs in a thread of its own; all functions may be called at any time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tenancy::test {

/// One message of the protocol on its way. Those that begin a connection have no type.
struct Message {
  bool to_server = true;
  char type = 0;          ///< 'Q', 'P', …; 0: startup, or a request for TLS or to cancel
  std::string_view body;  ///< without type and length
  int connection = 0;     ///< connections count from 1, as they come
  int number = 0;         ///< messages of all connections count from 1, both ways

  [[nodiscard]] bool contains(std::string_view text) const noexcept {
    return body.find(text) != std::string_view::npos;
  }
};

/// What becomes of a message and its connection.
enum class Fate {
  forward,
  cut,         ///< it is not forwarded; both sides see the end of the connection
  cut_within,  ///< the same, behind the first half of it
  cut_behind,  ///< the same, behind all of it
  reset,       ///< as cut, but the client is told that the connection broke (over TCP)
  stall,       ///< it is not forwarded, nor is anything else, either way; the connection stays open
};

class FaultProxy {
 public:
  /// Called for each message in the thread of the proxy.
  using Decide = std::function<Fate(const Message&)>;

  /// Between clients and the server whose socket is in the folder. Forwards everything at first.
  explicit FaultProxy(std::filesystem::path server_folder);
  /// Cuts all connections.
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  /// Decides from now on; begins to count messages anew.
  void decide(Decide decide);
  void forward_all();
  /// At each message, one in `one_in` is hit by a cut before, within or behind it. The same seed, the same numbers.
  void cut_at_random(std::uint32_t seed, int one_in);

  [[nodiscard]] int messages() const;  ///< since decide()
  [[nodiscard]] int faults() const;    ///< since decide()
  [[nodiscard]] int connections() const;

  /// Over its Unix socket; over TCP on this machine.
  [[nodiscard]] std::string conninfo(const std::string& database) const;
  [[nodiscard]] std::string tcp_conninfo(const std::string& database) const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

/// The fate of the n-th message that matches; others are forwarded.
FaultProxy::Decide at_nth(int n, Fate fate, std::function<bool(const Message&)> matches);

}  // namespace tenancy::test
