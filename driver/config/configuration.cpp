#include "driver/config/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"
#include "driver/command/failure.h"
#include "driver/config/config_file.h"
#include "driver/config/conninfo_text.h"
#include "driver/config/spelling.h"

namespace tenancy::driver {

namespace {

constexpr std::size_t kLongestName = 63;  // of what has a name in PostgreSQL

/// "a, b" as a flag or a variable spells a list.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    std::size_t const comma = std::min(text.find(','), text.size());
    items.emplace_back(core::ascii::trim(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

/// An unknown environment is a slip of the pen: its settings would silently be those of none.
void require_environment(const ConfigFile& file, const std::string& name) {
  const std::vector<std::string>& known = file.environments;
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  std::optional<std::string> const meant = nearest(name, known);
  throw UsageError(fmt::format("{} has no environment {}", file.name, core::quoted_text(name)),
                   meant           ? "Did you mean " + *meant + "?"
                   : known.empty() ? "Add a section [env." + name + "] to it."
                                   : fmt::format("It has {}.", fmt::join(known, ", ")));
}

}  // namespace

std::optional<std::string> process_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

Configuration Configuration::load(const GivenFlags& flags, const Variables& variables,
                                  const std::filesystem::path& folder) {
  Configuration configuration;
  configuration.environment_ = flags.environment.value_or(variables("TENANCY_ENV").value_or(""));
  if (auto const named = flags.config_file ? flags.config_file : variables("TENANCY_CONFIG")) {
    configuration.file_ = folder / *named;
  } else {
    configuration.file_ = find_config_file(folder).value_or("");
  }
  configuration.read_file(folder);
  configuration.read_variables(variables);
  for (const GivenFlags::Flag& flag : flags.settings) {
    bool const is_list = find_setting(flag.key)->kind == ValueKind::list;
    std::vector<std::string> items;
    for (const std::string& item : flag.items) {
      if (is_list)
        std::ranges::copy(split_list(item), std::back_inserter(items));
      else
        items.push_back(item);
    }
    configuration.assign(flag.key, {std::move(items), {}}, flag.flag, flag.flag);
  }
  configuration.check();
  return configuration;
}

void Configuration::assign(const std::string& key, const GivenValue& value, const std::string& subject,
                           const std::string& origin) {
  std::string name;
  const Setting* const setting = find_setting(key, &name);
  try {
    setting->assign(settings_, name, value);
  } catch (const std::exception& error) {
    throw UsageError(subject + " " + error.what());
  }
  origins_[key] = origin;
}

void Configuration::read_file(const std::filesystem::path& folder) {
  if (file_.empty()) {
    if (environment_.empty()) return;
    throw UsageError("environment " + core::quoted_text(environment_) + " needs a configuration file",
                     std::string("There is no ") + kConfigFileName +
                         " here or in a folder above; name one with --config, or run tenancy init.");
  }
  std::string const near = file_.lexically_proximate(folder).string();
  std::string const shown = near.starts_with("..") ? file_.string() : near;
  ConfigFile const file = read_config_file(file_, shown);
  if (!environment_.empty()) require_environment(file, environment_);
  // Sections of other environments are only checked: their slips show before their day comes.
  Configuration others;
  for (bool const of_environment : {false, true}) {
    for (const FileEntry& entry : file.entries) {
      if (entry.environment.empty() == of_environment) continue;
      std::string origin = fmt::format("{}:{}", shown, entry.line);
      std::string const subject = origin + ": " + entry.key;
      if (of_environment) origin += " [env." + entry.environment + "]";
      bool const counts = !of_environment || entry.environment == environment_;
      (counts ? *this : others).assign(entry.key, entry.value, subject, origin);
    }
  }
}

void Configuration::read_variables(const Variables& variables) {
  for (const Setting& setting : all_settings()) {
    std::string const name = setting.variable();
    if (name.empty()) continue;
    std::optional<std::string> const value = variables(name);
    if (!value) continue;
    bool const is_list = setting.kind == ValueKind::list;
    assign(setting.key, {is_list ? split_list(*value) : std::vector{*value}, {}}, name, name);
  }
  if (!is_given("github") && variables("GITHUB_ACTIONS") == "true") {
    assign("github", {{"true"}, {}}, "GITHUB_ACTIONS", "GITHUB_ACTIONS");
  }
}

void Configuration::refuse(const std::string& key, const std::string& message, std::string hint) const {
  auto const origin = origins_.find(key);
  std::string const where = origin == origins_.end() ? "" : origin->second + ": ";
  throw UsageError(where + key + " " + message, std::move(hint));
}

template <typename Check>
void Configuration::check_as(const std::string& key, Check check) const {
  try {
    check();
  } catch (const core::Error& error) {
    refuse(key, std::string("is wrong: ") + error.what(), error.hint());
  }
}

void Configuration::check() const {
  const Request& request = settings_.request;
  if (request.tracking_table.empty() || request.tracking_table.size() > kLongestName) {
    refuse("tracking_table", "must have 1 to 63 bytes");
  }
  if (request.shared_schemas.empty()) refuse("shared_schemas", "must name a schema at least");
  for (const std::string& schema : request.shared_schemas) {
    if (schema.empty() || schema.size() > kLongestName) refuse("shared_schemas", "must be names of 1 to 63 bytes");
  }
  if (!core::is_set_name(settings_.migration_set)) refuse_set_name("migration_set", settings_.migration_set);
  for (const auto& [name, value] : request.variables) {
    check_as(std::string(kVariableKeys) + name, [&name = name] { core::check_variable_name(name); });
  }
  for (const auto& [name, target] : settings_.standalone.targets) {
    check_as("standalone.targets." + name + ".variables", [&target = target] {
      for (const std::string& one : target.variables) core::check_variable_name(core::parse_assignment(one).first);
    });
  }
  for (const auto& [name, set] : settings_.sets) {
    std::string const key = "sets." + name + ".folder";
    if (!core::is_set_name(name)) refuse_set_name("sets." + name, name);
    if (set.folder.empty()) refuse(key, "is missing", "Say which folder has the migrations of this set.");
  }
  for (const auto& [name, server] : settings_.servers) {
    if (server.conninfo.empty()) {
      refuse("servers." + name + ".conninfo", "is missing", "Say how to connect: conninfo = \"service=NAME\".");
    }
  }
  for (const auto& [name, target] : settings_.standalone.targets) {
    if (target.server.empty() || settings_.servers.contains(target.server)) continue;
    refuse("standalone.targets." + name + ".server", "names no server: " + core::quoted_text(target.server),
           "Add a section [servers." + target.server + "].");
  }
}

void Configuration::refuse_set_name(const std::string& key, const std::string& name) const {
  refuse(key, "is no name of a migration set: " + core::quoted_text(name),
         "Names have lower-case letters, digits, _ and -, and begin with a letter.");
}

std::vector<Configuration::Entry> Configuration::entries() const {
  std::vector<Entry> entries;
  auto const add = [&](const Setting& setting, const std::string& key, const std::string& name) {
    std::string value = setting.text(settings_, name);
    if (setting.is_secret) value = masked_conninfo_text(value);
    auto const origin = origins_.find(key);
    entries.push_back({key, std::move(value), origin == origins_.end() ? "default" : origin->second});
  };
  for (const Setting& setting : all_settings()) {
    if (!setting.is_family()) {
      add(setting, setting.key, {});
      continue;
    }
    for (const auto& [key, origin] : origins_) {
      std::string name;
      if (find_setting(key, &name) == &setting) add(setting, key, name);
    }
  }
  return entries;
}

}  // namespace tenancy::driver
