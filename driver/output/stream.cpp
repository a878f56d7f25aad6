#include "driver/output/stream.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tenancy::driver {

void FileStream::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Whoever shares the terminal or pipe made it non-blocking.
      pollfd ready{.fd = file_, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "could not write output");
    }
  }
}

}  // namespace tenancy::driver
