#include "driver/connection/host_names.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "driver/connection/blocking_call.h"

namespace tenancy::driver {

namespace asio = boost::asio;

namespace {

struct Found {
  std::vector<std::string> addresses;
  std::chrono::steady_clock::time_point when;
};

constexpr std::chrono::minutes kFresh{1};

/// All connections of a loop are of its thread.
std::map<std::string, Found>& known_hosts() {
  static thread_local std::map<std::string, Found> hosts;
  return hosts;
}

struct Lookup {
  std::string host;
  std::vector<std::string> addresses{};
  std::string error{};
};

/// In a thread of its own.
void look_up(Lookup& lookup) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(lookup.host.c_str(), nullptr, &hints, &list); error != 0) {
    lookup.error = gai_strerror(error);
    return;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
      continue;  // of a family that has no text
    }
    const std::string address = text.data();
    if (std::find(lookup.addresses.begin(), lookup.addresses.end(), address) == lookup.addresses.end()) {
      lookup.addresses.push_back(address);
    }
  }
  if (lookup.addresses.empty()) lookup.error = "the name has no address";
}

}  // namespace

asio::awaitable<std::vector<std::string>> addresses_of(std::string host, Deadline deadline) {
  auto& known = known_hosts();
  if (const auto found = known.find(host); found != known.end()) {
    if (std::chrono::steady_clock::now() - found->second.when < kFresh) co_return found->second.addresses;
    known.erase(found);
  }
  const auto lookup = std::make_shared<Lookup>();
  lookup->host = host;
  std::function<void()> work = [lookup] { look_up(*lookup); };
  const bool is_over = co_await run_in_thread(std::move(work), deadline);
  if (!is_over) {
    throw UnknownHost("the lookup of host name \"" + host + "\" did not answer in time");
  }
  if (!lookup->error.empty()) {
    throw UnknownHost("could not translate host name \"" + host + "\" to address: " + lookup->error);
  }
  Found found{lookup->addresses, std::chrono::steady_clock::now()};
  known.insert_or_assign(std::move(host), std::move(found));
  co_return lookup->addresses;
}

void forget_addresses(const std::string& host) { known_hosts().erase(host); }

}  // namespace tenancy::driver
