#include "driver/command/application.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <optional>
#include <system_error>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/error_report.h"
#include "driver/command/help.h"
#include "driver/output/broken_pipe.h"

namespace tenancy::driver {

namespace {

// In the order of the overview.
constexpr std::array kCommands{
    // Start
    add_init,
    add_new,
    add_check,
    add_load,
    add_import_project,
    add_adopt,
    add_baseline,
    // Migrate
    add_upgrade,
    add_downgrade,
    add_migrate,
    add_rollout,
    // Look
    add_status,
    add_plan,
    add_history,
    // Tenants
    add_create_tenant,
    add_tenants,
    add_servers,
    // Runs
    add_runs,
    add_run,
    // Other
    add_config,
    add_version,
    add_completion,
    add_help,
};

void add_options_of_every_command(CLI::App& app, Context& context) {
  app.add_option("--config", context.flags().config_file, "configuration file [tenancy.toml here or above]")
      ->type_name("FILE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("-e,--env", context.flags().environment, "environment: the section [env.NAME] of that file")
      ->type_name("NAME")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_setting_flags(app, context, {SettingGroup::connection, SettingGroup::color});
}

void build(CLI::App& app, Context& context) {
  app.set_help_flag("-h,--help", "show this help");
  app.set_version_flag("--version", "tenancy " TENANCY_VERSION)->group("");
  // A word behind a command is its argument, also when it is the name of another command.
  app.require_subcommand(0, 1);
  add_options_of_every_command(app, context);
  for (auto const add : kCommands) add(app, context);
}

int show_help(const CLI::App& app) {
  const auto* const command = dynamic_cast<const Command*>(&innermost(app));
  fmt::print("{}", command == nullptr ? overview(app) : command_help(*command));
  return kDone;
}

/// What the command line asks for; without anything to do (help was shown) the exit code alone.
std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp& error) {
    if (!has_unknown_words(app)) return show_help(app);
    fmt::print(stderr, "{}", describe_parse_error(app, error));
  } catch (const CLI::CallForVersion& version) {
    fmt::print("{}\n", version.what());
    return kDone;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}", describe_parse_error(app, error));
  }
  return kUsage;
}

int run(CLI::App& app, Context& context, int argc, char** argv) {
  if (auto const done = parse(app, argc, argv)) return *done;
  if (context.action()) return context.action()();
  // A command of commands, such as `tenancy tenants`, alone: say which there are.
  show_help(app);
  return &innermost(app) == &app ? kDone : kUsage;
}

/// Output that did not arrive must not look like success.
int flushed(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  if (errno == EPIPE) end_by_broken_pipe();
  fmt::print(stderr, "tenancy: cannot write to standard output: {}\n", std::generic_category().message(errno));
  return exit_code == kDone ? kUsage : exit_code;
}

}  // namespace

int run_application(int argc, char** argv) {
  ignore_broken_pipes();
  try {
    Context context;
    CLI::App app("Migrates a fleet of PostgreSQL tenants to one revision.", "tenancy");
    build(app, context);
    return flushed(run(app, context, argc, argv));
  } catch (const std::exception& error) {
    const auto* const system = dynamic_cast<const std::system_error*>(&error);
    if (system != nullptr && system->code() == std::errc::broken_pipe) end_by_broken_pipe();
    std::fflush(stdout);
    ErrorReport const report = describe_error(error);
    fmt::print(stderr, "{}", report.text);
    return report.exit_code;
  }
}

}  // namespace tenancy::driver
