// What the name of a file says in each format: which part of which migration it holds, version, description.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/format.h"
#include "core/migration_file.h"

namespace tenancy::core {

struct FormatName {
  FilePart part = FilePart::whole;
  std::string version;      ///< empty when the name has none
  std::string description;  ///< empty when the name has none
  std::string stem;         ///< the version of a repeatable migration that has no other
  std::string identity;     ///< the same for all parts of one migration, and for nothing else in the format
  bool repeatable = false;
  bool baseline = false;      ///< stands for all versions up to its own
  bool transactional = true;  ///< false when the name says so
  std::string dialect;        ///< of the database it is written for; empty: for any
};

/// Nothing when a file of this name is no part of a migration in this format. sqitch's names say nothing: the plan
/// does.
[[nodiscard]] std::optional<FormatName> parse_format_name(Format format, std::string_view name);

}  // namespace tenancy::core
