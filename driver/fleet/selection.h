// Which targets an operation is about.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::driver {

/// Every `count`-th target, by a hash of its id, so that jobs share a fleet without talking to each other.
struct Shard {
  std::size_t index = 1;  ///< from 1 to count
  std::size_t count = 1;
};

/// "2/5"; throws std::invalid_argument.
[[nodiscard]] Shard parse_shard(std::string_view text);

/// Is the tenant with this id part of the shard? FNV-1a, 64 bits, modulo `count`: the same on every machine.
[[nodiscard]] bool is_in_shard(const Shard& shard, std::string_view tenant) noexcept;

struct Selection {
  std::vector<std::string> tenants{};    ///< exactly these ids
  std::optional<std::string> pattern{};  ///< LIKE pattern of the id
  std::optional<std::string> tier{};
  std::optional<std::string> labels{};  ///< a JSON object that the labels contain
  std::vector<std::string> statuses{"active"};
  std::optional<std::string> migration_set{};
  std::optional<std::string> server{};  ///< only targets on this server
  Shard shard{};
  bool shared = true;       ///< the shared schemas too
  bool tenants_too = true;  ///< false: the shared schemas alone
};

}  // namespace tenancy::driver
