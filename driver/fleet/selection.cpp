#include "driver/fleet/selection.h"

#include <charconv>
#include <stdexcept>

#include "core/shard.h"

namespace tenancy::driver {

namespace {

std::size_t parse_count(std::string_view text) {
  std::size_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number <= 1000000 ? number : 0;
}

}  // namespace

Shard parse_shard(std::string_view text) {
  std::size_t const slash = text.find('/');
  if (slash != std::string_view::npos) {
    Shard const shard{parse_count(text.substr(0, slash)), parse_count(text.substr(slash + 1))};
    if (shard.index > 0 && shard.index <= shard.count) return shard;
  }
  throw std::invalid_argument(
      "a shard is written INDEX/COUNT, such as 2/5, with an index from 1 to the count, and not " + std::string(text));
}

bool is_in_shard(const Shard& shard, std::string_view tenant) noexcept {
  return core::is_in_shard(tenant, shard.index, shard.count);
}

}  // namespace tenancy::driver
