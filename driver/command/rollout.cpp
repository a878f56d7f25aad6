// tenancy rollout: the fleet in waves, carried out by the database itself.
#include <memory>

#include "core/text_array.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/failure.h"
#include "driver/command/fleet_operation.h"
#include "driver/command/run_call.h"
#include "driver/command/selection_options.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

struct RolloutArguments {
  std::optional<std::string> revision{};
  bool down = false;
  Selection selection{};
  std::optional<int> workers{}, canary{};
  std::vector<std::string> canary_tenants{}, waves{};
  bool stop_after_canary = false;
  std::optional<std::string> wave_by{}, target_order{}, max_failures{}, max_wave_failures{};
};

/// Named arguments of a procedure; those that were not given are left to their defaults.
class Call {
 public:
  void add(const char* name, std::optional<std::string> value, const char* type = "text") {
    if (!value) return;
    parameters_.push_back(std::move(value));
    list_ +=
        (list_.empty() ? "" : ", ") + std::string(name) + " => $" + std::to_string(parameters_.size()) + "::" + type;
  }
  [[nodiscard]] std::string sql(const char* procedure) const {
    return "CALL tenancy." + std::string(procedure) + "(" + list_ + ")";
  }
  [[nodiscard]] const Parameters& parameters() const noexcept { return parameters_; }

 private:
  std::string list_;
  Parameters parameters_;
};

std::optional<std::string> number(const std::optional<int>& value) {
  return value ? std::optional(std::to_string(*value)) : std::nullopt;
}

Call call_of(const RolloutArguments& arguments) {
  const Selection& selection = arguments.selection;
  Call call;
  call.add("revision", arguments.revision);
  call.add("pattern", selection.pattern);
  call.add("tier", selection.tier);
  call.add("labels", selection.labels, "jsonb");
  // No status in particular: all of them.
  call.add("statuses",
           core::text_array(selection.statuses.empty() ? std::vector<std::string>{"active", "suspended", "archived"}
                                                       : selection.statuses),
           "text[]");
  call.add("migration_set", selection.migration_set);
  call.add("concurrency", number(arguments.workers), "integer");
  call.add("canary", number(arguments.canary), "integer");
  call.add("canary_tenants", core::text_array_or_null(arguments.canary_tenants), "text[]");
  call.add("stop_after_canary", arguments.stop_after_canary ? std::optional("true") : std::nullopt, "boolean");
  call.add("waves", core::text_array_or_null(arguments.waves), "text[]");
  call.add("wave_by", arguments.wave_by);
  call.add("target_order", arguments.target_order);
  call.add("max_failures", arguments.max_failures);
  call.add("max_wave_failures", arguments.max_wave_failures);
  return call;
}

void add_policy_options(CLI::App& command, RolloutArguments& arguments) {
  command.add_option("--workers", arguments.workers, "background workers of the server [its tenancy.concurrency]")
      ->type_name("N")
      ->check(CLI::Range(0, 1024));
  command.add_option("--canary", arguments.canary, "so many targets go first; if one fails, the rollout stops")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--canary-tenant", arguments.canary_tenants, "these tenants go first")
      ->type_name("ID")
      ->allow_extra_args(false);
  command.add_flag("--stop-after-canary", arguments.stop_after_canary,
                   "stop behind the canary; tenancy run resume goes on");
  command
      .add_option("--wave", arguments.waves, "waves in this order, by their tiers or labels; the others behind them")
      ->type_name("VALUE")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--wave-by", arguments.wave_by, "a wave for each tier, or for each value of this label")
      ->type_name("tier|LABEL");
  command.add_option("--order", arguments.target_order, "within a wave: place, oldest, newest or random")
      ->type_name("ORDER")
      ->check(CLI::IsMember({"place", "oldest", "newest", "random"}));
  command.add_option("--max-failures", arguments.max_failures, "stop when more targets have failed: 10, or 2%")
      ->type_name("N|P%");
  command.add_option("--max-wave-failures", arguments.max_wave_failures, "the same within each wave")
      ->type_name("N|P%");
}

ExitCode roll_out(Context& context, const RolloutArguments& arguments) {
  if (!arguments.selection.tenants.empty() || arguments.selection.server) {
    throw UsageError("a rollout does not choose by --tenant or --server",
                     "Choose by --pattern, --tier or --label, or use tenancy upgrade.");
  }
  if (arguments.down && !arguments.revision) {
    throw UsageError("--down needs --revision", "Say where to: a version, or base.");
  }
  Call const call = call_of(arguments);
  RunCall run{.operation = arguments.down ? "downgrade" : "upgrade",
              .revision = arguments.revision.value_or("heads"),
              .statement = {call.sql(arguments.down ? "downgrade_rollout" : "rollout"), call.parameters()},
              .workers = static_cast<std::size_t>(arguments.workers.value_or(0))};
  return exit_code_of(context.run(call_run(context, std::move(run))));
}

}  // namespace

void add_rollout(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<RolloutArguments>();
  Command& command = add_command(
      app,
      {.name = "rollout",
       .group = kMigrate,
       .summary = "Migrate the fleet in waves: a canary first, then wave by wave, until too many fail",
       .details =
           "The control database carries it out with background workers, and keeps a record of it: see tenancy runs. "
           "It reaches the databases of its own cluster. The first Ctrl-C lets the targets in hand finish, the second "
           "one cancels them; tenancy run resume does what is left.",
       .examples = {{"tenancy rollout --canary 2 --stop-after-canary", "look at two, then: tenancy run resume ID"},
                    {"tenancy rollout --canary 1 --wave-by tier --wave internal,free --max-failures 2%", ""},
                    {"tenancy rollout --down --revision 005", "back to 005"}}});
  command
      .add_option("--revision", arguments->revision, "where to: heads, head, a version or the beginning of one [heads]")
      ->type_name("REVISION");
  command.add_flag("--down", arguments->down, "a downgrade: tenants first, then the shared schema");
  add_selection_options(command, std::shared_ptr<Selection>(arguments, &arguments->selection));
  add_policy_options(command, *arguments);
  add_setting_flags(command, context, {SettingGroup::json, SettingGroup::report});
  add_variable_flag(command, context);
  set_action(command, context, [&context, arguments] { return roll_out(context, *arguments); });
}

}  // namespace tenancy::driver
