#include "core/tool_history.h"

#include <algorithm>

#include "core/error.h"
#include "core/message.h"
#include "core/migration.h"

namespace tenancy::core {

namespace {

const std::vector<HistoryTool>& tools() {
  static const std::vector<HistoryTool> kTools{
      {.name = "alembic",
       .table = "alembic_version",
       .naming = ToolNaming::id,
       .has_current_only = true,
       .version = "version_num"},
      {.name = "flyway",
       .table = "flyway_schema_history",
       .state_means = ToolState::success,
       .version = "version",
       .state = "success",
       .kind = "type",
       .order = "installed_rank",
       .applied_at = "installed_on"},
      {.name = "rails", .table = "schema_migrations", .version = "version"},
      {.name = "dbmate", .table = "schema_migrations", .version = "version"},
      {.name = "django",
       .table = "django_migrations",
       .naming = ToolNaming::file_name,
       .version = "name",
       .group = "app",
       .groups_are_sets = true,
       .order = "id",
       .applied_at = "applied"},
      {.name = "golang-migrate",
       .table = "schema_migrations",
       .state_means = ToolState::dirty,
       .has_current_only = true,
       .version = "version",
       .no_version = "-1",
       .state = "dirty"},
      {.name = "goose",
       .table = "goose_db_version",
       .state_means = ToolState::applied,
       .version = "version_id",
       .no_version = "0",
       .state = "is_applied",
       .order = "id",
       .applied_at = "tstamp"},
      {.name = "diesel", .table = "__diesel_schema_migrations", .version = "version", .applied_at = "run_on"},
      {.name = "prisma",
       .table = "_prisma_migrations",
       .naming = ToolNaming::file_name,
       .state_means = ToolState::finished,
       .version = "migration_name",
       .state = "finished_at",
       .undone = "rolled_back_at",
       .order = "started_at",
       .applied_at = "finished_at"},
      {.name = "sqitch",
       .table = "changes",
       .schema = "sqitch",
       .naming = ToolNaming::change,
       .version = "change",
       .group = "project",
       .order = "committed_at",
       .applied_at = "committed_at"},
      {.name = "node-pg-migrate",
       .table = "pgmigrations",
       .naming = ToolNaming::file_name,
       .version = "name",
       .order = "id",
       .applied_at = "run_on"},
      {.name = "knex",
       .table = "knex_migrations",
       .naming = ToolNaming::file_name,
       .version = "name",
       .order = "id",
       .applied_at = "migration_time"},
      {.name = "sql-migrate",
       .table = "gorp_migrations",
       .naming = ToolNaming::file_name,
       .version = "id",
       .applied_at = "applied_at"},
      {.name = "yoyo",
       .table = "_yoyo_migration",
       .naming = ToolNaming::file_name,
       .version = "migration_id",
       .applied_at = "applied_at_utc"},
      {.name = "archify",
       .table = "schema_migrations",
       .naming = ToolNaming::file_name,
       .version = "version",
       .applied_at = "applied_at"},
      {.name = "pop", .table = "schema_migration", .version = "version"},
  };
  return kTools;
}

enum class Meaning { applied, dirty, undone, baseline, nothing };

Meaning meaning_of_state(const HistoryTool& tool, const ToolRow& row) {
  switch (tool.state_means) {
    case ToolState::none:
      return Meaning::applied;
    case ToolState::success:
      return row.state == "t" ? Meaning::applied : Meaning::dirty;
    case ToolState::applied:
      return row.state == "t" ? Meaning::applied : Meaning::undone;
    case ToolState::dirty:
      return row.state == "f" ? Meaning::applied : Meaning::dirty;
    case ToolState::finished:
      return row.state ? Meaning::applied : Meaning::dirty;
  }
  return Meaning::dirty;
}

/// Flyway's rows are also about schemas that it made, repairs, and steps down.
Meaning meaning_of_kind(const std::string& kind) {
  if (kind == "SCHEMA") return Meaning::nothing;
  if (kind == "DELETE" || kind.starts_with("UNDO")) return Meaning::undone;
  return kind.ends_with("BASELINE") ? Meaning::baseline : Meaning::applied;
}

Meaning meaning_of(const HistoryTool& tool, const ToolRow& row) {
  if (row.undone) return Meaning::undone;
  const Meaning state = meaning_of_state(tool, row);
  return state == Meaning::applied && row.kind ? meaning_of_kind(*row.kind) : state;
}

bool is_no_version(const HistoryTool& tool, const std::string& version) {
  return !tool.no_version.empty() && version == tool.no_version;
}

void require_one_group(const HistoryTool& tool, std::span<const ToolRow> rows) {
  if (tool.group.empty()) return;
  std::vector<std::string_view> groups;
  for (const ToolRow& row : rows) {
    const std::string_view group = row.group ? std::string_view{*row.group} : std::string_view{};
    if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
  }
  if (groups.size() < 2) return;
  std::sort(groups.begin(), groups.end());
  const std::string first{groups.front()};
  throw Error(
      ErrorKind::bad_value, "table \"" + tool.table + "\" has the migrations of several: " + listed(groups),
      tool.groups_are_sets
          ? "Give the tenants a migration set for each, of that name; or say whose are meant: app => '" + first + "'."
          : "Say whose are meant: app => '" + first + "'. Each is a migration set of its own here.");
}

}  // namespace

bool is_history_tool(std::string_view name) noexcept {
  return std::any_of(tools().begin(), tools().end(), [&](const HistoryTool& tool) { return tool.name == name; });
}

const HistoryTool& find_history_tool(std::string_view name) {
  std::string names;
  for (const HistoryTool& tool : tools()) {
    if (tool.name == name) return tool;
    names += (names.empty() ? "" : ", ") + tool.name;
  }
  throw Error(ErrorKind::bad_value, "no tool " + quoted_text(name) + " is known",
              "Known are " + names + ". For another one, its table's name stands here, with version_column.");
}

std::string tool_schema(const std::optional<std::string>& pattern, const std::string& target) {
  constexpr std::string_view kTarget = "{{ schema }}";
  std::string schema = pattern.value_or(target);
  const std::size_t at = pattern ? schema.find(kTarget) : std::string::npos;
  return at == std::string::npos ? schema : schema.replace(at, kTarget.size(), target);
}

ToolSource tool_source(const ToolWords& words, std::string_view tracking_table) {
  ToolSource source;
  if (words.version_column && !is_history_tool(words.tool)) {
    source.tool = {
        .name = words.tool, .table = words.tool, .naming = ToolNaming::file_name, .version = *words.version_column};
  } else {
    source.tool = find_history_tool(words.tool);
    if (words.version_column) source.tool.version = *words.version_column;
  }
  if (words.table) source.tool.table = *words.table;
  source.schema = words.schema;
  if (!source.schema && !source.tool.schema.empty()) source.schema = source.tool.schema;
  source.group = words.app.value_or("");
  if (!source.group.empty() && source.tool.group.empty()) {
    throw Error(ErrorKind::bad_value, source.tool.name + " does not record whose a migration is",
                "Leave out app: it is for Django's apps and sqitch's projects.");
  }
  if (!source.schema && source.tool.table == tracking_table) {
    throw Error(
        ErrorKind::bad_value,
        "\"" + source.tool.table + "\" is the table of " + source.tool.name + " and the name of our tracking tables",
        "Both cannot be in one schema. Choose another name for ours: ALTER DATABASE … SET "
        "tenancy.tracking_table = 'tenancy_migrations', and start a new session.");
  }
  return source;
}

ToolSource ToolSource::of_set(std::string_view set) const {
  ToolSource source = *this;
  if (group.empty() && tool.groups_are_sets && set != kDefaultSet) source.group = set;
  return source;
}

std::vector<std::string_view> columns_of(const HistoryTool& tool) {
  std::vector<std::string_view> columns;
  for (const std::string* column :
       {&tool.version, &tool.state, &tool.kind, &tool.undone, &tool.group, &tool.order, &tool.applied_at}) {
    const bool is_new = std::find(columns.begin(), columns.end(), *column) == columns.end();
    if (!column->empty() && is_new) columns.push_back(*column);
  }
  return columns;
}

std::string recognise_history(std::span<const std::string> columns) {
  std::string names;
  std::size_t most = 0;
  for (const HistoryTool& tool : tools()) {
    const std::vector<std::string_view> needed = columns_of(tool);
    const bool has_all = std::all_of(needed.begin(), needed.end(), [&](std::string_view column) {
      return std::find(columns.begin(), columns.end(), column) != columns.end();
    });
    // Columns that many tables have, ours too, say something only where there is no other.
    const bool is_common = needed.size() == 1 || tool.name == "archify";
    if (is_common && columns.size() != needed.size()) continue;
    if (!has_all || needed.size() < most || tool.name == "pop") continue;
    names = needed.size() == most ? names + " or " + tool.name : tool.name;
    most = needed.size();
  }
  return names;
}

ForeignTable describe_foreign_table(std::span<const std::string> columns) {
  ForeignTable text{"Something else made it, and it is left alone.",
                    "Choose another name for ours, for example ALTER DATABASE … SET tenancy.tracking_table = "
                    "'tenancy_migrations', and start a new session."};
  const std::string tool = recognise_history(columns);
  if (tool.empty()) return text;
  text.detail = "It looks like that of " + tool + ", and it is left alone.";
  text.hint += " Then tenancy.adopt('" + tool.substr(0, tool.find(' ')) + "') takes over what is recorded there.";
  return text;
}

std::optional<ToolTrace> recognise_table(std::string_view table, std::span<const std::string> columns) {
  std::string names = recognise_history(columns);
  if (names.empty()) return std::nullopt;
  const HistoryTool& tool = find_history_tool(names.substr(0, names.find(' ')));
  if (tool.table != table) return std::nullopt;
  return ToolTrace{&tool, std::move(names)};
}

std::string describe_nothing(const ToolSource& source, const std::string& target, bool has_table) {
  if (!has_table) {
    return "no table " + quoted_text(source.tool.table) +
           (source.schema ? " in schema " + quoted_text(tool_schema(source.schema, target)) : "");
  }
  return source.tool.name + " has applied nothing" + (source.group.empty() ? "" : " of " + quoted_text(source.group)) +
         " there";
}

bool has_applied_something(const HistoryTool& tool, std::span<const ToolRow> rows) {
  if (rows.empty()) return false;
  // The rows of several of Django's apps are not to be chosen among here.
  return !tool.group.empty() || !read_history_rows(tool, rows, {}).empty();
}

std::vector<std::string> history_tables() {
  std::vector<std::string> tables{"ar_internal_metadata", "knex_migrations_lock"};
  for (const HistoryTool& tool : tools()) {
    if (tool.schema.empty()) tables.push_back(tool.table);
  }
  return tables;
}

std::vector<ToolEntry> read_history_rows(const HistoryTool& tool, std::span<const ToolRow> rows,
                                         const std::string& group) {
  if (group.empty()) require_one_group(tool, rows);
  std::vector<const ToolRow*> ordered;
  for (const ToolRow& row : rows) {
    if (group.empty() || row.group == group) ordered.push_back(&row);
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const ToolRow* left, const ToolRow* right) { return left->order < right->order; });
  std::vector<ToolEntry> entries;
  for (const ToolRow* row : ordered) {
    const Meaning meaning = meaning_of(tool, *row);
    // Repeatable migrations have no version with Flyway. Only their failure matters: they run again here.
    const std::string name = row->version.value_or("repeatable");
    if ((!row->version && meaning != Meaning::dirty) || is_no_version(tool, name) || meaning == Meaning::nothing) {
      continue;
    }
    // sqitch has a row for each rework of a change.
    if (tool.naming != ToolNaming::change) {
      std::erase_if(entries, [&](const ToolEntry& entry) { return entry.name == name; });
    }
    if (meaning == Meaning::undone) continue;
    using State = ToolEntry::State;
    const State state = meaning == Meaning::dirty      ? State::dirty
                        : meaning == Meaning::baseline ? State::baseline
                                                       : State::applied;
    entries.push_back({name, state, row->applied_at});
  }
  return entries;
}

}  // namespace tenancy::core
