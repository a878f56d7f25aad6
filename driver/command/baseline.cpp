// tenancy baseline: takes schemas as migrated to a revision, without running anything.
#include <fmt/core.h>

#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/failure.h"
#include "driver/command/listing.h"
#include "driver/command/selection_options.h"
#include "driver/fleet/extension_settings.h"
#include "driver/fleet/fleet_pages.h"
#include "driver/fleet/place.h"
#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

struct BaselineArguments {
  std::vector<std::string> tenants{};
  std::string revision{};
  std::optional<std::string> reference{};
  bool force = false;
  bool all = false;
  Selection selection{};
};

constexpr const char* kBaseline =
    "SELECT revision, versions, array_to_string(differences, E'\\n')"
    "  FROM tenancy.baseline($1, $2, $3, $4::boolean, $5, $6)";

/// What came of one target.
struct Baseline {
  std::string state = "recorded";  ///< recorded, unchanged, failed, elsewhere
  std::optional<std::string> revision{};
  std::string versions = "0";
  std::string detail{};
};

class Baselining {
 public:
  Baselining(Context& context, const BaselineArguments& arguments)
      : context_(context),
        arguments_(arguments),
        request_(context.settings().request),
        listing_({{"tenant", "TENANT", ValueForm::text, true},
                  {"schema", "SCHEMA", ValueForm::text, true},
                  {"migration_set", "SET"},
                  {"state", "STATE"},
                  {"revision", "REVISION"},
                  {"versions", "VERSIONS", ValueForm::number},
                  {"detail", "DETAIL", ValueForm::text, true}},
                 context.settings().output) {}

  awaitable<ExitCode> run() {
    Connection control = co_await context_.connect();
    co_await adopt_settings(control, context_.configuration(), request_, kNoDeadline);
    FleetPages pages({.selection = arguments_.selection,
                      .page_size = context_.settings().lanes.page_size,
                      .settings = extension_settings(request_)});
    std::size_t unchanged = 0;
    for (;;) {
      std::optional<FleetPage> const page = co_await pages.next(control);
      if (!page) break;
      unchanged += page->unchanged;
      for (const PlannedTarget& planned : page->targets) {
        Baseline const baseline = co_await record(control, planned.target);
        add(planned.target, baseline);
      }
    }
    listing_.finish();
    if (!context_.settings().output.json) {
      fmt::print("{}{} recorded, {} left, {} already at head\n", listing_.rows() > 0 ? "\n" : "",
                 number_text(recorded_), number_text(left_), number_text(unchanged));
    }
    co_return left_ == 0 ? kDone : kTargetsFailed;
  }

 private:
  /// In a transaction of its own.
  awaitable<Baseline> record(Connection& control, const Target& target) {
    if (!place_of(target).is_control()) {
      co_return Baseline("elsewhere", std::nullopt, "0",
                         "it lives in another database: call tenancy.baseline() of the extension there");
    }
    std::vector<Statement> statements{{"BEGIN"}};
    for (const auto& [name, value] : extension_settings(request_)) {
      statements.push_back({"SELECT set_config($1, $2, true)", {name, value}});
    }
    statements.push_back({kBaseline,
                          {target.schema, arguments_.revision, arguments_.reference, arguments_.force ? "t" : "f",
                           target.migration_set, std::string(to_string(request_.run_as))}});
    statements.push_back({"COMMIT"});
    BatchResult const reply = co_await control.batch(statements);
    if (reply.failure) {
      co_await control.execute("ROLLBACK");
      const ServerReport& report = *reply.failure;
      std::string detail = report.message;
      for (const std::string* const part : {&report.detail, &report.hint}) {
        if (!part->empty()) detail += ". " + *part;
      }
      co_return Baseline("failed", std::nullopt, "0", std::move(detail));
    }
    const Result& rows = reply.results[statements.size() - 2];
    std::string versions(rows.text(0, 1));
    const char* const state = versions == "0" ? "unchanged" : "recorded";
    co_return Baseline(state, rows.value(0, 0), std::move(versions), std::string(rows.text(0, 2)));
  }

  void add(const Target& target, const Baseline& baseline) {
    bool const is_left = baseline.state == "failed" || baseline.state == "elsewhere";
    if (is_left) ++left_;
    if (baseline.state == "recorded") ++recorded_;
    std::optional<std::string> tenant = target.tenant;
    if (tenant->empty()) tenant.reset();
    listing_.add({tenant, target.schema, target.migration_set, baseline.state, baseline.revision, baseline.versions,
                  baseline.detail.empty() ? std::nullopt : std::optional(baseline.detail)},
                 is_left ? Color::red : Color::none);
  }

  Context& context_;
  const BaselineArguments& arguments_;
  Request request_;
  Listing listing_;
  std::size_t recorded_ = 0;
  std::size_t left_ = 0;
};

ExitCode baseline(Context& context, BaselineArguments arguments) {
  Selection& selection = arguments.selection;
  selection.tenants.insert(selection.tenants.end(), arguments.tenants.begin(), arguments.tenants.end());
  bool const is_chosen = !selection.tenants.empty() || selection.pattern || selection.tier || selection.labels ||
                         selection.migration_set || arguments.all;
  if (!is_chosen) {
    throw UsageError("baseline needs tenants",
                     "Name them, choose by --pattern, --tier, --label or --tenant-set, or say --all.");
  }
  Baselining baselining(context, arguments);
  return context.run(baselining.run());
}

}  // namespace

void add_baseline(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<BaselineArguments>();
  arguments->selection.shared = false;
  Command& command = add_command(
      app, {.name = "baseline",
            .group = kStart,
            .summary = "Take tenants as migrated to a revision, without running anything",
            .details = "Each schema is compared with one that was really migrated there: with --reference, or with one "
                       "that is made for it and rolled back. Where they differ nothing is recorded and the difference "
                       "is told, unless it is forced.",
            .examples = {{"tenancy baseline acme globex --revision 042", ""},
                         {"tenancy baseline --all --revision 042 --reference acme",
                          "faster for many: acme has been migrated to 042"},
                         {"tenancy baseline acme --revision 042 --force", "whatever the difference"}}});
  command.add_option("TENANT", arguments->tenants, "ids of the tenants");
  command.add_option("--revision", arguments->revision, "what they are at: a version, heads or head")
      ->type_name("REVISION")
      ->required();
  command.add_option("--reference", arguments->reference, "a schema at that revision to compare with")
      ->type_name("SCHEMA");
  command.add_flag("--force", arguments->force, "record it also where a schema differs");
  command.add_flag("--all", arguments->all, "all tenants");
  add_selection_options(command, std::shared_ptr<Selection>(arguments, &arguments->selection));
  add_setting_flags(command, context, {SettingGroup::json});
  add_setting_flags(command, context, {"page_size", "tracking_table", "run_as", "target_timeout"});
  set_action(command, context, [&context, arguments] { return baseline(context, *arguments); });
}

}  // namespace tenancy::driver
