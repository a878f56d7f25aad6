// Calls that block, for what libpq and the C library offer in no other form: a cancel request, the lookup of a name.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "driver/connection/socket_wait.h"

namespace tenancy::driver {

/// Runs `work` in a thread of its own and waits for it. False: the deadline passed before. The work then goes on and
/// nobody waits for it, not even the end of the process: it must own all that it touches, and must not throw. Throws
/// std::system_error when no thread or descriptor is to be had.
boost::asio::awaitable<bool> run_in_thread(std::function<void()> work, Deadline deadline);

}  // namespace tenancy::driver
