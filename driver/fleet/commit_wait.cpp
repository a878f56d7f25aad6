#include "driver/fleet/commit_wait.h"

#include <algorithm>
#include <array>

namespace tenancy::driver {

namespace {

constexpr std::array<std::string_view, 5> kWords{"off", "local", "remote_write", "on", "remote_apply"};

}  // namespace

std::string_view to_string(CommitWait wait) noexcept { return kWords[static_cast<std::size_t>(wait)]; }

CommitWait parse_commit_wait(std::string_view word) noexcept {
  auto const found = std::find(kWords.begin(), kWords.end(), word);
  return found == kWords.end() ? CommitWait::on : static_cast<CommitWait>(found - kWords.begin());
}

std::optional<OwedWait> owed_by(std::string_view word) noexcept {
  const CommitWait wait = parse_commit_wait(word);
  if (wait == CommitWait::off) return std::nullopt;
  return OwedWait{wait};
}

}  // namespace tenancy::driver
