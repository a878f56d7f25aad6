#include "driver/command/fleet_operation.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "driver/command/command_line.h"
#include "driver/command/control_settings.h"
#include "driver/command/failure.h"
#include "driver/command/in_database_call.h"
#include "driver/command/plan.h"
#include "driver/command/run_call.h"
#include "driver/command/selection_options.h"
#include "driver/command/standalone_fleet.h"
#include "driver/config/setting_value.h"
#include "driver/connection/pooler.h"
#include "driver/fleet/control_source.h"
#include "driver/fleet/fleet_runners.h"
#include "driver/fleet/operation.h"
#include "driver/fleet/recorded_selection.h"
#include "driver/fleet/recorded_source.h"
#include "driver/fleet/standalone_targets.h"
#include "driver/output/console.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

/// For a page of the fleet, whose tracking tables may have to come from the disk.
constexpr std::chrono::minutes kPageTimeout{5};

Request request_of(Context& context, const FleetArguments& arguments) {
  Request request = context.settings().request;
  request.direction = arguments.direction;
  request.revision = core::parse_revision(arguments.revision);
  request.revision_text = arguments.revision;
  bool const is_down = arguments.direction == core::Direction::down;
  // A downgrade of some tenants leaves the shared schema alone.
  bool const takes_shared = arguments.selection.shared && !is_down;
  if (request.revision.is_relative() && (arguments.selection.tenants.size() != 1 || takes_shared)) {
    throw UsageError(
        fmt::format("revision {} is for one tenant: tenants may stand at different revisions", arguments.revision),
        "Name a version, or one tenant: tenancy " +
            std::string(is_down ? "downgrade " : "migrate tenant ID --revision ") + arguments.revision +
            (is_down ? " --tenant ID." : "."));
  }
  return request;
}

/// A fleet operation and all that it needs.
class FleetOperation {
 public:
  FleetOperation(Context& context, const FleetArguments& arguments)
      : context_(context),
        arguments_(arguments),
        request_(request_of(context, arguments)),
        servers_(context.control_conninfo()),
        console_(standard_console(context.settings().output.color)),
        reporter_(make_reporter(context.settings().output, console_)) {}

  awaitable<Summary> run_standalone() {
    StandaloneFleet fleet(context_);
    servers_ = fleet.servers();
    std::vector<Target> targets = co_await fleet.targets(arguments_.selection, request_.direction);
    fleet.check_revision(request_.revision, targets);
    ListSource source(std::move(targets), context_.settings().lanes.page_size);
    FleetRunners runners(context_.io_context().get_executor(), request_, FleetRunners::Way::plain,
                         [&fleet]() -> awaitable<MigrationStore> { co_return std::move(fleet.store()); });
    co_return co_await run(source, runners, *reporter_, nullptr);
  }

  awaitable<Summary> run_with_control() {
    Deadline const deadline = std::chrono::steady_clock::now() + context_.settings().lanes.connect_timeout;
    std::optional<Connection> control = co_await context_.connect();
    co_await servers_.read(*control, deadline);
    co_await adopt_settings(*control, context_.configuration(), request_, deadline);
    ControlSource source(
        [this, &control]() -> awaitable<Connection> {
          // The session that is there already serves first.
          if (!control) co_return co_await context_.connect();
          Connection connection = std::move(*control);
          control.reset();
          co_return connection;
        },
        {.direction = request_.direction,
         .revision = request_.revision_text,
         .selection = arguments_.selection,
         .page_size = context_.settings().lanes.page_size,
         .settings = extension_settings(request_),
         .timeout = kPageTimeout});
    using Way = FleetRunners::Way;
    FleetRunners runners(context_.io_context().get_executor(), request_,
                         arguments_.plain ? Way::plain : Way::called_where_possible, [this] { return read_store(); });
    co_return co_await run_recorded(source, runners);
  }

  awaitable<Summary> run_by_database() {
    const Configuration& configuration = context_.configuration();
    const LaneOptions& lanes = configuration.settings().lanes;
    InDatabaseOptions options;
    if (configuration.is_given("concurrency")) options.workers = lanes.lanes;
    if (configuration.is_given("max_failures")) options.max_failures = value_text(lanes.max_failures);
    Statement call = in_database_call(request_, arguments_.selection, options);
    {
      Connection control = co_await context_.connect();
      Deadline const deadline = std::chrono::steady_clock::now() + lanes.connect_timeout;
      bool const pooled = co_await is_pooled(control, deadline);
      if (pooled) {
        throw UsageError("--in-database takes a session of its own, and a pooler stands between here and the server",
                         "Connect to the server itself, or leave --in-database out; tenancy rollout works too.");
      }
      co_await adopt_settings(control, configuration, request_, deadline);
    }
    RunCall run{.operation = operation_word(),
                .revision = request_.revision_text,
                .statement = std::move(call),
                .workers = options.workers.value_or(0),
                .settings = extension_settings(request_)};
    co_return co_await call_run(context_, std::move(run));
  }

 private:
  [[nodiscard]] std::string operation_word() const {
    return request_.direction == core::Direction::up ? "upgrade" : "downgrade";
  }

  [[nodiscard]] Heading heading() {
    return {.operation = operation_word(),
            .revision = request_.revision_text,
            .place = control_place(context_),
            .lanes = lanes().lanes};
  }

  [[nodiscard]] LaneOptions lanes() {
    LaneOptions lanes = context_.settings().lanes;
    bool const is_said = context_.configuration().is_given("max_failures");
    if (arguments_.max_failures && !is_said) lanes.max_failures = *arguments_.max_failures;
    return lanes;
  }

  awaitable<MigrationStore> read_store() {
    Deadline const deadline = std::chrono::steady_clock::now() + context_.settings().lanes.connect_timeout;
    Connection control = co_await context_.connect();
    co_return co_await MigrationStore::read(control, deadline);
  }

  [[nodiscard]] RunHeader run_header() {
    boost::json::object policy;
    if (context_.configuration().is_given("max_failures")) policy["max_failures"] = value_text(lanes().max_failures);
    if (arguments_.plain) policy["plain"] = true;
    RunHeader header{.direction = request_.direction,
                     .revision = request_.revision_text,
                     .filter = recorded_selection(arguments_.selection),
                     .policy = boost::json::serialize(policy),
                     .settings = extension_settings(request_)};
    const core::RetryPolicy& retry = context_.settings().lanes.retry;
    header.settings.emplace_back("tenancy.max_attempts", std::to_string(retry.max_attempts));
    header.settings.emplace_back("tenancy.retry_delay", std::to_string(retry.first_delay.count()));
    return header;
  }

  /// The control database has it among its runs.
  awaitable<Summary> run_recorded(TargetSource& source, RunnerSource& runners) {
    RunRecord record(
        context_.io_context().get_executor(), [this] { return context_.connect(); }, run_header(), arguments_.resumed,
        [this](const std::string& text) { reporter_->warning(text); }, context_.settings().lanes.reconnect_timeout);
    RecordedSource recorded_source(source, record);
    RecordedReporter recorded_reporter(*reporter_, record);
    Summary summary;
    std::exception_ptr error;
    try {
      summary = co_await run(recorded_source, runners, recorded_reporter, &record.steering());
    } catch (const std::exception& failure) {
      error = std::current_exception();
      summary.end = Summary::End::stopped;
      summary.reason = failure.what();
    }
    co_await record.close(summary);
    if (error) std::rethrow_exception(error);
    summary.run = record.run();
    reporter_->end(summary);
    co_return summary;
  }

  awaitable<Summary> run(TargetSource& source, RunnerSource& runners, Reporter& reporter, Steering* steering) {
    RunnerSessions::OnNotice on_notice;
    if (context_.settings().output.verbose) {
      on_notice = [this](const Place&, const ServerReport& notice) { reporter_->note(notice.message); };
    }
    RunnerSessions::Commits const commits{.wait = !request_.asynchronous_commit,
                                          .connect_timeout = context_.settings().lanes.connect_timeout};
    RunnerSessions sessions(context_.io_context().get_executor(), servers_, runners, commits, std::move(on_notice));
    Operation operation{.heading = heading(),
                        .direction = request_.direction,
                        .options = lanes(),
                        .source = source,
                        .sessions = sessions,
                        .bound_of = [this](const std::string& server) { return bound_of(server); },
                        .reporter = reporter,
                        .steering = steering};
    co_return co_await run_operation(std::move(operation));
  }

  [[nodiscard]] std::size_t bound_of(const std::string& server) {
    std::size_t const own = servers_.bound(server);
    return own != 0 ? own : context_.settings().lanes.per_server;
  }

  Context& context_;
  const FleetArguments& arguments_;
  Request request_;
  ServerDirectory servers_;
  Console console_;
  std::unique_ptr<Reporter> reporter_;
};

}  // namespace

void add_way_options(CLI::App& command, Context& context, const std::shared_ptr<FleetArguments>& arguments) {
  command.add_flag("--in-database", arguments->in_database,
                   "background workers of the control database do the work, as by CALL tenancy.rollout()");
  command.add_flag("--dry-run", arguments->dry_run, "show what would be done, and do nothing");
  command.add_flag("--plain", arguments->plain, "plain SQL also where the extension is")->excludes("--in-database");
  add_setting_flags(command, context,
                    {SettingGroup::files, SettingGroup::fan_out, SettingGroup::migration, SettingGroup::standalone,
                     SettingGroup::json, SettingGroup::report});
}

void add_fleet_options(CLI::App& command, Context& context, const std::shared_ptr<FleetArguments>& arguments) {
  std::shared_ptr<Selection> const selection(arguments, &arguments->selection);
  add_selection_options(command, selection);
  add_shard_options(command, selection);
  add_way_options(command, context, arguments);
}

ExitCode run_fleet(Context& context, const FleetArguments& arguments) {
  bool const standalone = context.settings().standalone.enabled;
  if (arguments.dry_run) {
    PlanArguments const plan{.revision = arguments.revision,
                             .down = arguments.direction == core::Direction::down,
                             .selection = arguments.selection};
    return context.run(show_plan(context, plan));
  }
  FleetOperation operation(context, arguments);
  if (arguments.in_database && standalone) {
    throw UsageError("--in-database does not go with --standalone",
                     "The extension carries it out, which is in the control database.");
  }
  if (arguments.in_database) return exit_code_of(context.run(operation.run_by_database()));
  return exit_code_of(context.run(standalone ? operation.run_standalone() : operation.run_with_control()));
}

ExitCode exit_code_of(const Summary& summary) noexcept {
  switch (summary.end) {
    case Summary::End::done:
    case Summary::End::nothing_to_do:
      return kDone;
    case Summary::End::failures:
      return kTargetsFailed;
    case Summary::End::stopped:
      return kStopped;
    case Summary::End::cannot_connect:
      return kCannotConnect;
  }
  return kTargetsFailed;
}

}  // namespace tenancy::driver
