// Shards: jobs that share a fleet without talking to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenancy::core {

/// FNV-1a, 64 bits: the same on every machine and in every version.
[[nodiscard]] constexpr std::uint64_t shard_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char const character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  return hash;
}

/// Does the tenant with this id belong to the `index`-th of `count` shards? Indexes begin at 1.
[[nodiscard]] constexpr bool is_in_shard(std::string_view tenant, std::size_t index, std::size_t count) noexcept {
  return count <= 1 || shard_hash(tenant) % count == index - 1;
}

}  // namespace tenancy::core
