#include "driver/command/selection_options.h"

#include <boost/json.hpp>
#include <stdexcept>

#include "driver/command/failure.h"
#include "driver/config/configuration.h"

namespace tenancy::driver {

namespace {

std::vector<std::string> statuses_of(const std::vector<std::string>& items) {
  if (items == std::vector<std::string>{"all"}) return {};
  for (const std::string& item : items) {
    if (item == "active" || item == "suspended" || item == "archived") continue;
    throw UsageError("--status \"" + item + "\" is not known",
                     "Tenants are active, suspended or archived; all of them: --status all.");
  }
  return items;
}

Shard shard_of_job(const std::string& count) {
  std::optional<std::string> const index = process_variable("JOB_COMPLETION_INDEX");
  if (!index) {
    throw UsageError("--shards needs JOB_COMPLETION_INDEX",
                     "An indexed Kubernetes Job sets it. Elsewhere, say which shard: --shard 2/5.");
  }
  try {
    return parse_shard(std::to_string(std::stoul(*index) + 1) + "/" + count);
  } catch (const std::exception&) {
    throw UsageError("there is no shard of JOB_COMPLETION_INDEX " + *index + " among --shards " + count,
                     "Set --shards to the completions of the Job.");
  }
}

/// As a JSON object.
std::string labels_of(const std::vector<std::string>& items) {
  if (items.size() == 1 && items.front().starts_with('{')) return items.front();
  boost::json::object labels;
  for (const std::string& item : items) {
    std::size_t const equals = item.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw UsageError("--label \"" + item + "\" is not KEY=VALUE", "Say --label region=eu, or give a JSON object.");
    }
    labels[item.substr(0, equals)] = item.substr(equals + 1);
  }
  return boost::json::serialize(labels);
}

}  // namespace

void add_label_option(CLI::App& command, std::function<void(std::string labels)> take, const std::string& purpose) {
  command
      .add_option_function<std::vector<std::string>>(
          "--label", [take = std::move(take)](const std::vector<std::string>& items) { take(labels_of(items)); },
          purpose)
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

std::string like_pattern(std::string_view text) {
  std::string pattern;
  for (char const character : text) {
    if (character == '%' || character == '_' || character == '\\') pattern += '\\';
    pattern += character;
  }
  return pattern;
}

void add_selection_options(CLI::App& command, const std::shared_ptr<Selection>& selection) {
  command.add_option("--tenant", selection->tenants, "these tenants, by their ids, whatever their status")
      ->type_name("ID")
      ->allow_extra_args(false);
  command.add_option("--pattern", selection->pattern, "tenants whose ids are LIKE this")->type_name("PATTERN");
  command.add_option("--tier", selection->tier, "tenants of this tier")->type_name("TIER");
  add_label_option(
      command, [selection](std::string labels) { selection->labels = std::move(labels); }, "tenants with this label");
  command
      .add_option_function<std::vector<std::string>>(
          "--status", [selection](const std::vector<std::string>& items) { selection->statuses = statuses_of(items); },
          "active, suspended, archived, or all")
      ->type_name("STATUS")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--tenant-set", selection->migration_set, "tenants with this migration set")->type_name("SET");
  command.add_option("--server", selection->server, "tenants on this server")->type_name("NAME");
}

void add_further_set_option(CLI::App& command, std::vector<std::string>& sets) {
  command.add_option("--further-set", sets, "a further migration set; as often as needed")
      ->type_name("SET")
      ->delimiter(',')
      ->allow_extra_args(false);
}

void add_shard_options(CLI::App& command, const std::shared_ptr<Selection>& selection) {
  auto* const shard = command.add_option_function<std::string>(
      "--shard",
      [selection](const std::string& text) {
        try {
          selection->shard = parse_shard(text);
        } catch (const std::invalid_argument& error) {
          throw UsageError(error.what());
        }
      },
      "a part of the tenants, for jobs that share a fleet");
  shard->type_name("INDEX/COUNT");
  command
      .add_option_function<std::string>(
          "--shards", [selection](const std::string& count) { selection->shard = shard_of_job(count); },
          "so many parts, of which JOB_COMPLETION_INDEX says which (from 0)")
      ->type_name("COUNT")
      ->excludes(shard);
}

}  // namespace tenancy::driver
