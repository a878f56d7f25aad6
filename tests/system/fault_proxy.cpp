#include "tests/system/fault_proxy.h"

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/system/message_splitter.h"

namespace tenancy::test {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

using Local = asio::local::stream_protocol;
using Tcp = asio::ip::tcp;
using Socket = asio::generic::stream_protocol::socket;

constexpr const char* kSocketName = ".s.PGSQL.5432";

fs::path make_folder() {
  const char* sockets = std::getenv("TENANCY_SOCKETS");
  if (sockets == nullptr) throw std::runtime_error("TENANCY_SOCKETS is not set");
  std::string name = fs::path(sockets) / "proxy.XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  return name;
}

/// A client's connection and the proxy's own one to the server.
struct Link {
  Link(Socket client, Socket server, int number)
      : client(std::move(client)), server(std::move(server)), number(number), forever(this->server.get_executor()) {
    forever.expires_at(asio::steady_timer::time_point::max());
  }

  void close() {
    boost::system::error_code ignored;  // it may be closed already
    client.close(ignored);
    server.close(ignored);
    forever.cancel();
  }
  void reset() {
    boost::system::error_code ignored;
    client.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
  }

  Socket client;
  Socket server;
  int number;
  asio::steady_timer forever;
  MessageSplitter to_server{true};
  MessageSplitter to_client{false};
  bool awaits_byte = false;  // the server answers a request by one
  bool is_raw = false;       // encrypted
  bool is_stalled = false;
};

asio::awaitable<void> send(Socket& to, const std::string& bytes) {
  co_await asio::async_write(to, asio::buffer(bytes), asio::use_awaitable);
}

}  // namespace

class FaultProxy::Loop {
 public:
  explicit Loop(fs::path server_folder)
      : server_(server_folder / kSocketName),
        folder_(make_folder()),
        local_(context_, Local::endpoint((folder_ / kSocketName).string())),
        tcp_(context_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    asio::co_spawn(context_, listen(local_), asio::detached);
    asio::co_spawn(context_, listen(tcp_), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }

  ~Loop() {
    context_.stop();
    thread_.join();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void decide(Decide decide) {
    const std::lock_guard lock(mutex_);
    decide_ = std::move(decide);
    messages_ = 0;
    faults_ = 0;
  }

  [[nodiscard]] int messages() const noexcept { return messages_; }
  [[nodiscard]] int faults() const noexcept { return faults_; }
  [[nodiscard]] int connections() const noexcept { return connections_; }
  [[nodiscard]] std::string folder() const { return folder_.string(); }
  [[nodiscard]] int port() const { return tcp_.local_endpoint().port(); }

 private:
  template <typename Acceptor>
  asio::awaitable<void> listen(Acceptor& acceptor) {
    for (;;) {
      auto client = co_await acceptor.async_accept(asio::use_awaitable);
      Local::socket server(context_);
      boost::system::error_code error;
      server.connect(Local::endpoint(server_.string()), error);
      if (error) continue;  // the client's connection ends, as if there were no server
      const auto link = std::make_shared<Link>(Socket(std::move(client)), Socket(std::move(server)), ++connections_);
      asio::co_spawn(context_, pump(link, true), asio::detached);
      asio::co_spawn(context_, pump(link, false), asio::detached);
    }
  }

  asio::awaitable<void> pump(std::shared_ptr<Link> link, bool to_server) {
    try {
      co_await carry(*link, to_server);
    } catch (const boost::system::system_error&) {
      // One side has ended; so does the other.
    }
    link->close();
  }

  asio::awaitable<void> carry(Link& link, bool to_server) {
    Socket& from = to_server ? link.client : link.server;
    Socket& to = to_server ? link.server : link.client;
    MessageSplitter& splitter = to_server ? link.to_server : link.to_client;
    std::array<char, 65536> buffer;
    for (;;) {
      const std::size_t size = co_await from.async_read_some(asio::buffer(buffer), asio::use_awaitable);
      splitter.add({buffer.data(), size});
      for (;;) {
        if (!link.client.is_open()) co_return;
        if (link.is_stalled) co_await link.forever.async_wait(asio::use_awaitable);
        if (link.is_raw) {
          co_await send(to, splitter.take_rest());
          break;
        }
        if (!to_server && link.awaits_byte) {
          const std::optional<char> byte = splitter.take_byte();
          if (!byte) break;
          link.awaits_byte = false;
          link.is_raw = *byte != 'N';
          co_await send(to, std::string(1, *byte));
          continue;
        }
        const std::optional<MessageSplitter::Piece> piece = splitter.take();
        if (!piece) break;
        if (to_server && splitter.took_request()) link.awaits_byte = true;
        co_await meet_fate(link, to, *piece, fate_of(link, to_server, *piece));
      }
    }
  }

  Fate fate_of(const Link& link, bool to_server, const MessageSplitter::Piece& piece) {
    const std::lock_guard lock(mutex_);
    ++messages_;
    if (!decide_) return Fate::forward;
    const Fate fate = decide_({.to_server = to_server,
                               .type = piece.type,
                               .body = piece.body(),
                               .connection = link.number,
                               .number = messages_});
    if (fate != Fate::forward) ++faults_;
    return fate;
  }

  static asio::awaitable<void> meet_fate(Link& link, Socket& to, const MessageSplitter::Piece& piece, Fate fate) {
    if (fate == Fate::stall) {
      link.is_stalled = true;
      co_return;
    }
    if (fate == Fate::forward || fate == Fate::cut_behind) co_await send(to, piece.bytes);
    if (fate == Fate::cut_within) co_await send(to, piece.bytes.substr(0, piece.bytes.size() / 2));
    if (fate == Fate::reset) {
      link.reset();
    } else if (fate != Fate::forward) {
      link.close();
    }
  }

  fs::path server_;
  fs::path folder_;
  asio::io_context context_;
  Local::acceptor local_;
  Tcp::acceptor tcp_;
  std::mutex mutex_;
  Decide decide_;
  std::atomic<int> messages_ = 0;
  std::atomic<int> faults_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

FaultProxy::FaultProxy(fs::path server_folder) : loop_(std::make_unique<Loop>(std::move(server_folder))) {}
FaultProxy::~FaultProxy() = default;

void FaultProxy::decide(Decide decide) { loop_->decide(std::move(decide)); }
void FaultProxy::forward_all() { loop_->decide({}); }

void FaultProxy::cut_at_random(std::uint32_t seed, int one_in) {
  loop_->decide([random = std::mt19937(seed), one_in](const Message&) mutable {
    const auto number = static_cast<int>(random() % static_cast<std::uint32_t>(3 * one_in));
    constexpr std::array kFates{Fate::cut, Fate::cut_within, Fate::cut_behind};
    return number < 3 ? kFates[static_cast<std::size_t>(number)] : Fate::forward;
  });
}

int FaultProxy::messages() const { return loop_->messages(); }
int FaultProxy::faults() const { return loop_->faults(); }
int FaultProxy::connections() const { return loop_->connections(); }

std::string FaultProxy::conninfo(const std::string& database) const {
  return "host='" + loop_->folder() + "' port=5432 user=postgres dbname='" + database + "'";
}

std::string FaultProxy::tcp_conninfo(const std::string& database) const {
  return "host=127.0.0.1 port=" + std::to_string(loop_->port()) + " user=postgres sslmode=disable dbname='" + database +
         "'";
}

FaultProxy::Decide at_nth(int n, Fate fate, std::function<bool(const Message&)> matches) {
  return [n, fate, matches = std::move(matches), seen = 0](const Message& message) mutable {
    if (!matches(message)) return Fate::forward;
    return ++seen == n ? fate : Fate::forward;
  };
}

}  // namespace tenancy::test
