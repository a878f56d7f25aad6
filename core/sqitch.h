// Folders of sqitch: sqitch.plan gives the changes in their order; deploy/NAME.sql takes a change up, revert/NAME.sql
// down.
//
// A change's version is its place in the plan (0001, 0002, …), for names have no order; as sqitch itself wants it, a
// plan is only ever added to at its end. Its description is its name and its note. verify/ is not read. A change that
// was reworked stands twice in the plan; the scripts of the earlier one are NAME@TAG.sql, of a tag between the two.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration_file.h"

namespace tenancy::core {

inline constexpr std::string_view kSqitchPlan = "sqitch.plan";

/// When and by whom something was put into a plan.
struct SqitchPlanned {
  std::string time;  ///< 2024-01-31T12:00:00Z
  std::string name;
  std::string email;

  [[nodiscard]] bool is_known() const noexcept { return !time.empty(); }
};

struct SqitchTag {
  std::string name;  ///< without `@`
  std::string note;
  SqitchPlanned planned;
};

struct SqitchRequirement {
  std::string name;                     ///< as sqitch writes it: without the plan's own project
  std::optional<std::size_t> change{};  ///< its index; nothing for one of another project
};

/// A change of a plan, whose names are checked: each change that one requires stands above it, and none that it
/// conflicts with. Changes of other projects are not looked for.
struct SqitchChange {
  std::string name;
  std::string note;  ///< as it stands there, with `\n` for a line's end
  int line = 0;
  std::vector<std::string>
      rework_tags{};  ///< tags between it and the same change again, without `@`; empty: it is the last
  bool reworked = false;
  SqitchPlanned planned{};
  std::vector<SqitchRequirement> required{};
  std::vector<std::string> conflicts{};
  std::vector<SqitchTag> tags{};  ///< behind it
};

struct SqitchPlan {
  std::string project{};
  std::string uri{};
  std::vector<SqitchChange> changes{};
};

/// Throws Error(bad_file) with file and line.
[[nodiscard]] SqitchPlan parse_sqitch_plan(std::string_view file, std::string_view text);

/// True in deploy/, revert/ and verify/.
[[nodiscard]] bool is_sqitch_script(std::string_view name) noexcept;

/// The migrations of a folder that has a sqitch.plan, in the plan's order; SQL files that the plan does not name are
/// appended to `left_out`. Throws Error(bad_file) for a change without its deploy script, and for a second plan.
[[nodiscard]] std::vector<Migration> read_sqitch_folder(std::span<const SourceFile* const> files,
                                                        const FileDefaults& defaults,
                                                        std::vector<const SourceFile*>& left_out);

}  // namespace tenancy::core
