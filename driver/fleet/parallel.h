// Several coroutines at once, with a bound.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>

namespace tenancy::driver {

/// Runs work(0) to work(count - 1), at most `most` of them at a time, and waits for all. Throws what the first of them
/// threw, when the others have ended; work that has not begun then is left out. The executor must be single-threaded.
boost::asio::awaitable<void> in_parallel(std::size_t count, std::size_t most,
                                         std::function<boost::asio::awaitable<void>(std::size_t)> work);

}  // namespace tenancy::driver
