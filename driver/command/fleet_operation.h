// What upgrade, downgrade and migrate have in common: a fleet operation from the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "driver/command/context.h"
#include "driver/fleet/run_record.h"
#include "driver/fleet/selection.h"
#include "driver/fleet/target.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

struct FleetArguments {
  core::Direction direction = core::Direction::up;
  std::string revision = "heads";
  Selection selection{};
  bool in_database = false;
  bool plain = false;
  bool dry_run = false;
  std::optional<core::FailureBudget> max_failures{};  ///< in place of that of the settings, where nobody said it
  std::optional<ResumedRun> resumed{};                ///< what is left of this run
};

/// How an operation goes about its targets: the settings, --in-database, --plain, --dry-run.
void add_way_options(CLI::App& command, Context& context, const std::shared_ptr<FleetArguments>& arguments);

/// The same, and which targets. --revision is not among them: it is an argument of some commands. The selection is part
/// of `arguments`.
void add_fleet_options(CLI::App& command, Context& context, const std::shared_ptr<FleetArguments>& arguments);

/// Carries the operation out, with or without a control database as the settings say. Throws UsageError, ServerError,
/// core::Error.
[[nodiscard]] ExitCode run_fleet(Context& context, const FleetArguments& arguments);

[[nodiscard]] ExitCode exit_code_of(const Summary& summary) noexcept;

}  // namespace tenancy::driver
