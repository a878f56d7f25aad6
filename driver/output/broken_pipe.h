// Output whose reader has gone, as in `tenancy status | head`.
#pragma once

namespace tenancy::driver {

/// From now on a write to a closed pipe is an error (EPIPE) and not the end of the process: what runs on servers comes
/// to its end first.
void ignore_broken_pipes();

/// Ends the process in silence, as SIGPIPE would have, which shells tell from a failure.
[[noreturn]] void end_by_broken_pipe();

}  // namespace tenancy::driver
