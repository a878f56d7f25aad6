// By what two stores find out whether they have the same migrations, without sending them.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration.h"
#include "core/tool_checksum.h"
#include "core/tool_sync.h"

namespace tenancy::core {

/// What a set has, in short: a migration by its version, or without one the other tool that goes along with the set.
struct StoredDigest {
  std::string set;
  std::optional<std::string> version;
  std::string digest;

  friend auto operator<=>(const StoredDigest&, const StoredDigest&) = default;
};

/// Of all that is stored of a migration, whose up SQL has that checksum: equal where all of it is.
[[nodiscard]] StoredDigest digest_of(const Migration& migration, std::string_view up_checksum, const Sha256& sha256);
[[nodiscard]] StoredDigest digest_of(const std::string& set, const SyncedTool& tool, const Sha256& sha256);

/// Of all these together, in whatever order.
[[nodiscard]] std::string digest_of(std::vector<StoredDigest> stored, const Sha256& sha256);

}  // namespace tenancy::core
