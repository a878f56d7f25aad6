#include "driver/config/setting.h"

#include <algorithm>
#include <concepts>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "core/ascii.h"
#include "driver/config/conninfo_text.h"
#include "driver/config/setting_value.h"

namespace tenancy::driver {

namespace {

template <class Value>
constexpr ValueKind kind_of() {
  if constexpr (std::is_same_v<Value, bool>) return ValueKind::truth;
  if constexpr (std::is_same_v<Value, std::chrono::milliseconds>) return ValueKind::duration;
  if constexpr (std::is_same_v<Value, std::vector<std::string>>) return ValueKind::list;
  return ValueKind::text;
}

struct Names {
  std::string key;
  SettingGroup group;
  std::string flag;
  std::string value_name;
  std::string description;
};

/// `place` says where in Settings the value lives: Settings&, name → Value&.
template <class Place>
Setting make(Names names, Place place) {
  using Value = std::remove_reference_t<std::invoke_result_t<Place, Settings&, const std::string&>>;
  return Setting{std::move(names.key),
                 names.group,
                 kind_of<Value>(),
                 std::move(names.flag),
                 std::move(names.value_name),
                 std::move(names.description),
                 [place](Settings& settings, const std::string& name, const GivenValue& value) {
                   read_value(value, place(settings, name));
                 },
                 [place](const Settings& settings, const std::string& name) {
                   Settings copy = settings;
                   return value_text(place(copy, name));
                 }};
}

template <class Place>
Setting make_number(Names names, std::int64_t least, std::int64_t most, Place place) {
  using Value = std::remove_reference_t<std::invoke_result_t<Place, Settings&, const std::string&>>;
  return Setting{std::move(names.key),
                 names.group,
                 ValueKind::number,
                 std::move(names.flag),
                 std::move(names.value_name),
                 std::move(names.description),
                 [=](Settings& settings, const std::string& name, const GivenValue& value) {
                   place(settings, name) = static_cast<Value>(read_number(value, least, most));
                 },
                 [place](const Settings& settings, const std::string& name) {
                   Settings copy = settings;
                   return std::to_string(place(copy, name));
                 }};
}

template <class Place>
Setting make_secret(Names names, Place place) {
  Setting setting = make(std::move(names), place);
  setting.is_secret = true;
  setting.assign = [assign = setting.assign](Settings& settings, const std::string& name, const GivenValue& value) {
    try {
      (void)parse_conninfo_text(value.items.empty() ? std::string() : value.items.front());
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(std::string("is no connection string: ") + error.what());
    }
    assign(settings, name, value);
  };
  return setting;
}

using Name = const std::string&;
using List = std::vector<Setting>;

void append_connection(List& list) {
  list.push_back(make_secret(
      {"database", SettingGroup::connection, "-d,--database", "CONNINFO",
       "control database: its name, a connection string, a URI or service=NAME"},
      [](Settings & s, Name) -> auto& { return s.database; }));
  list.push_back(make(
      {"connect_timeout", SettingGroup::connection, "--connect-timeout", "TIME", "longest time to wait for a session"},
      [](Settings & s, Name) -> auto& { return s.lanes.connect_timeout; }));
}

void append_files(List& list) {
  list.push_back(make(
      {"migrations", SettingGroup::files, "--migrations", "DIR", "folder of the migration files"},
      [](Settings & s, Name) -> auto& { return s.migrations; }));
  list.push_back(make(
      {"migration_set", SettingGroup::files, "--set", "NAME", "migration set of files that do not say it"},
      [](Settings & s, Name) -> auto& { return s.migration_set; }));
  list.push_back(make(
      {"scope", SettingGroup::files, "--scope", "SCOPE",
       "public, tenant or both: the scope of files that do not say it"},
      [](Settings & s, Name) -> auto& { return s.scope; }));
  list.push_back(make(
      {"file_format", SettingGroup::files, "--file-format", "FORMAT",
       "which tool's files these are: own, flyway, goose, sqitch, ...; auto finds it out"},
      [](Settings & s, Name) -> auto& { return s.file_format; }));
  list.push_back(make(
      {"sets.*.folder", SettingGroup::file_only, "", "DIR", "folder of a further migration set"},
      [](Settings & s, Name name) -> auto& { return s.sets[name].folder; }));
  list.push_back(make(
      {"sets.*.scope", SettingGroup::file_only, "", "SCOPE", "scope of its files that do not say it"},
      [](Settings & s, Name name) -> auto& { return s.sets[name].scope; }));
  list.push_back(make(
      {"sets.*.file_format", SettingGroup::file_only, "", "FORMAT", "which tool's files these are"},
      [](Settings & s, Name name) -> auto& { return s.sets[name].file_format; }));
}

void append_fan_out(List& list) {
  constexpr SettingGroup group = SettingGroup::fan_out;
  list.push_back(make_number(
      {"concurrency", group, "-c,--concurrency", "N", "targets at once, in all"}, 1, 10000,
      [](Settings & s, Name) -> auto& { return s.lanes.lanes; }));
  list.push_back(make_number(
      {"per_server", group, "--per-server", "N", "targets at once on one server; 0: no bound"}, 0, 10000,
      [](Settings & s, Name) -> auto& { return s.lanes.per_server; }));
  list.push_back(make_number(
      {"page_size", group, "--page-size", "N", "tenants read from the control database at once"}, 1, 100000,
      [](Settings & s, Name) -> auto& { return s.lanes.page_size; }));
  list.push_back(make(
      {"reconnect_timeout", group, "--reconnect-timeout", "TIME",
       "how long a server may be away that was there before"},
      [](Settings & s, Name) -> auto& { return s.lanes.reconnect_timeout; }));
  list.push_back(make(
      {"target_timeout", group, "--target-timeout", "TIME",
       "longest time for one attempt of one target, and for a question to a server; 0: none"},
      [](Settings & s, Name) -> auto& { return s.lanes.target_timeout; }));
  list.push_back(make_number(
      {"max_attempts", group, "--max-attempts", "N", "attempts of a target that is busy or whose connection breaks"}, 1,
      1000, [](Settings & s, Name) -> auto& { return s.lanes.retry.max_attempts; }));
  list.push_back(make(
      {"retry_delay", group, "--retry-delay", "TIME",
       "before the second attempt; twice as long before each further one"},
      [](Settings & s, Name) -> auto& { return s.lanes.retry.first_delay; }));
  list.push_back(make(
      {"max_retry_delay", group, "--max-retry-delay", "TIME", "longest time between two attempts"},
      [](Settings & s, Name) -> auto& { return s.lanes.retry.longest_delay; }));
  list.push_back(make(
      {"max_failures", group, "--max-failures", "N|P%",
       "more failed targets stop the operation: a number, or a part of all"},
      [](Settings & s, Name) -> auto& { return s.lanes.max_failures; }));
}

void append_migration(List& list) {
  constexpr SettingGroup group = SettingGroup::migration;
  list.push_back(make(
      {"run_as", group, "--run-as", "ROLE", "auto, caller or owner (of the schema)"},
      [](Settings & s, Name) -> auto& { return s.request.run_as; }));
  list.push_back(make(
      {"out_of_order", group, "--out-of-order", "HOW",
       "refuse, apply or skip a pending migration that is older than an applied one"},
      [](Settings & s, Name) -> auto& { return s.request.out_of_order; }));
  list.push_back(make(
      {"lock_timeout", group, "--lock-timeout", "TIME", "for each lock wait of a migration; 0: none"},
      [](Settings & s, Name) -> auto& { return s.request.lock_timeout; }));
  list.push_back(make(
      {"statement_timeout", group, "--statement-timeout", "TIME", "for each statement of a migration; 0: none"},
      [](Settings & s, Name) -> auto& { return s.request.statement_timeout; }));
  list.push_back(make(
      {"asynchronous_commit", SettingGroup::migration, "", "BOOL",
       "many targets wait for the disk and for synchronous standbys together; off: each by itself"},
      [](Settings & s, Name) -> auto& { return s.request.asynchronous_commit; }));
  list.push_back(make(
      {"tracking_table", group, "--tracking-table", "NAME", "tracking table of each target"},
      [](Settings & s, Name) -> auto& { return s.request.tracking_table; }));
  list.push_back(make(
      {"shared_schemas", group, "--shared-schemas", "NAMES",
       "schemas that all tenants share; the first is migrated by scopes public and both"},
      [](Settings & s, Name) -> auto& { return s.request.shared_schemas; }));
  list.push_back(make(
      {std::string(kVariableKeys) + "*", SettingGroup::file_only, "", "VALUE",
       "value of a variable in migrations; wins over what is stored, as --var does"},
      [](Settings & s, Name name) -> auto& { return s.request.variables[name]; }));
}

void append_standalone(List& list) {
  constexpr SettingGroup group = SettingGroup::standalone;
  list.push_back(make(
      {"standalone.enabled", group, "--standalone", "",
       "no control database: migrations from the folder, tenants as below"},
      [](Settings & s, Name) -> auto& { return s.standalone.enabled; }));
  list.push_back(make(
      {"standalone.discover", group, "--discover", "PATTERN", "tenants are the schemas that are LIKE the pattern"},
      [](Settings & s, Name) -> auto& { return s.standalone.discover; }));
  list.push_back(make(
      {"standalone.discover_databases", group, "--discover-databases", "PATTERN",
       "tenants are the databases that are LIKE the pattern"},
      [](Settings & s, Name) -> auto& { return s.standalone.discover_databases; }));
  list.push_back(make(
      {"standalone.query", group, "--query", "SQL",
       "tenants are its rows: id, and if you like server, database, schema, migration_set, variables"},
      [](Settings & s, Name) -> auto& { return s.standalone.query; }));
  list.push_back(make(
      {"standalone.tenants", group, "--tenants", "IDS", "tenants whose schemas are named as they are"},
      [](Settings & s, Name) -> auto& { return s.standalone.tenants; }));
  list.push_back(make(
      {"standalone.targets.*.schema", SettingGroup::file_only, "", "NAME", "schema of a tenant"},
      [](Settings & s, Name name) -> auto& { return s.standalone.targets[name].schema; }));
  list.push_back(make(
      {"standalone.targets.*.database", SettingGroup::file_only, "", "NAME", "database of a tenant"},
      [](Settings & s, Name name) -> auto& { return s.standalone.targets[name].database; }));
  list.push_back(make(
      {"standalone.targets.*.server", SettingGroup::file_only, "", "NAME", "server of a tenant: a name of [servers]"},
      [](Settings & s, Name name) -> auto& { return s.standalone.targets[name].server; }));
  list.push_back(make(
      {"standalone.targets.*.migration_set", SettingGroup::file_only, "", "NAME",
       "migration set of a tenant, or several with commas between them"},
      [](Settings & s, Name name) -> auto& { return s.standalone.targets[name].migration_set; }));
  list.push_back(make(
      {"standalone.targets.*.variables", SettingGroup::file_only, "", "LIST",
       "values of variables for a tenant, as \"NAME=VALUE\""},
      [](Settings & s, Name name) -> auto& { return s.standalone.targets[name].variables; }));
  list.push_back(make(
      {"standalone.sync.*.tool", SettingGroup::file_only, "", "TOOL",
       "a tool whose own tables are kept up to date with a migration set"},
      [](Settings & s, Name name) -> auto& { return s.standalone.sync[name].tool; }));
  list.push_back(make(
      {"standalone.sync.*.table", SettingGroup::file_only, "", "NAME", "name of that table"},
      [](Settings & s, Name name) -> auto& { return s.standalone.sync[name].table; }));
  list.push_back(make(
      {"standalone.sync.*.app", SettingGroup::file_only, "", "NAME", "whose rows: an app of Django's"},
      [](Settings & s, Name name) -> auto& { return s.standalone.sync[name].app; }));
  list.push_back(make(
      {"standalone.sync.*.table_schema", SettingGroup::file_only, "", "NAME",
       "where that table is, with {{ schema }} for the target's schema"},
      [](Settings & s, Name name) -> auto& { return s.standalone.sync[name].table_schema; }));
  list.push_back(make_secret(
      {"servers.*.conninfo", SettingGroup::file_only, "", "CONNINFO", "a further server, for standalone operations"},
      [](Settings & s, Name name) -> auto& { return s.servers[name].conninfo; }));
  list.push_back(make_number(
      {"servers.*.max_connections", SettingGroup::file_only, "", "N", "targets at once on it; 0: no bound"}, 0, 10000,
      [](Settings & s, Name name) -> auto& { return s.servers[name].max_connections; }));
}

void append_output(List& list) {
  constexpr SettingGroup group = SettingGroup::report;
  list.push_back(make(
      {"color", SettingGroup::color, "--color", "WHEN", "auto, always or never"},
      [](Settings & s, Name) -> auto& { return s.output.color; }));
  list.push_back(make(
      {"json", SettingGroup::json, "--json", "", "JSON on standard output, and nothing else there"},
      [](Settings & s, Name) -> auto& { return s.output.json; }));
  list.push_back(make(
      {"quiet", group, "-q,--quiet", "", "failures and the summary alone"},
      [](Settings & s, Name) -> auto& { return s.output.quiet; }));
  list.push_back(make(
      {"verbose", group, "-v,--verbose", "", "a line for each target, and the server's notices"},
      [](Settings & s, Name) -> auto& { return s.output.verbose; }));
  list.push_back(make(
      {"junit", group, "--junit", "FILE", "write a JUnit report too"},
      [](Settings & s, Name) -> auto& { return s.output.junit_file; }));
  list.push_back(make(
      {"github", group, "--github", "", "GitHub Actions annotations; as set by GITHUB_ACTIONS"},
      [](Settings & s, Name) -> auto& { return s.output.github; }));
}

List make_all() {
  List list;
  append_connection(list);
  append_files(list);
  append_fan_out(list);
  append_migration(list);
  append_standalone(list);
  append_output(list);
  return list;
}

}  // namespace

std::string Setting::variable() const {
  if (is_family()) return {};
  std::string name = "TENANCY_" + key;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c == '.' ? '_' : core::ascii::to_upper(c); });
  return name;
}

std::span<const Setting> all_settings() {
  static const List list = make_all();
  return list;
}

const Setting* find_setting(std::string_view key, std::string* name) {
  for (const Setting& setting : all_settings()) {
    std::size_t const star = setting.key.find('*');
    if (star == std::string::npos) {
      if (setting.key == key) return &setting;
      continue;
    }
    std::string_view const head = std::string_view(setting.key).substr(0, star);
    std::string_view const tail = std::string_view(setting.key).substr(star + 1);
    if (key.size() <= head.size() + tail.size() || !key.starts_with(head) || !key.ends_with(tail)) continue;
    if (name != nullptr) *name = key.substr(head.size(), key.size() - head.size() - tail.size());
    return &setting;
  }
  return nullptr;
}

}  // namespace tenancy::driver
