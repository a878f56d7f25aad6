// Addresses of hosts, looked up without blocking: libpq would block for as long as a name server takes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "driver/connection/socket_wait.h"

namespace tenancy::driver {

/// Thrown with the system's words for why a host has no address, or because the deadline passed.
class UnknownHost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Numeric addresses of a host, in the order in which they are to be tried. What was found is kept for a minute, for
/// the lanes of a fleet ask for the same few hosts.
boost::asio::awaitable<std::vector<std::string>> addresses_of(std::string host, Deadline deadline);

/// Looks a host up anew the next time: what was found may be of yesterday.
void forget_addresses(const std::string& host);

}  // namespace tenancy::driver
