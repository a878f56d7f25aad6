#include "core/tool_sync.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.h"
#include "core/file_name.h"
#include "core/message.h"
#include "core/sqitch_registry.h"
#include "core/text_array.h"
#include "core/tool_row_shape.h"
#include "core/tool_sql.h"
#include "core/tracking_sql.h"

namespace tenancy::core {

namespace {

std::vector<std::string_view> statements_in(std::string_view text) {
  std::vector<std::string_view> statements;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(';', at), text.size());
    statements.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return statements;
}

std::string without_leading_zeros(const std::string& version) {
  const std::size_t first = std::min(version.find_first_not_of('0'), version.size() - 1);
  return version.substr(first);
}

/// The last part of a path without its last ending.
std::string_view stem_of(std::string_view filename) {
  const std::string_view base = split_path(filename).base;
  return base.substr(0, base.rfind('.'));
}

/// As Flyway has it: V1_2__add_users is "add users".
std::string flyway_description(std::string_view filename) {
  const std::string_view stem = stem_of(filename);
  const std::size_t separator = std::min(stem.find("__"), stem.size());
  std::string description{stem.substr(std::min(separator + 2, stem.size()))};
  std::replace(description.begin(), description.end(), '_', ' ');
  return description;
}

}  // namespace

SyncedTool synced_tool(const ToolWords& words, std::string_view set, std::string_view tracking_table) {
  const ToolSource source = tool_source(words, tracking_table).of_set(set);
  (void)shape_of(source.tool.name);
  if (source.schema && source.tool.schema.empty()) {
    throw Error(ErrorKind::bad_value, "a table in a schema of its own cannot be kept up to date",
                "Only one in each target's schema says what is applied there.");
  }
  if (!source.tool.group.empty() && source.group.empty()) {
    throw Error(ErrorKind::bad_value, source.tool.name + " records whose a migration is",
                "Say for whom rows are to be written: app => 'shop'.");
  }
  return synced_source(source);
}

SyncedTool synced_source(const ToolSource& source) {
  return {source.tool.name, source.tool.table, source.group, source.schema.value_or("")};
}

ToolFile tool_file(const Migration& migration) { return {migration.filename, migration.tool_checksum}; }

ForeignTable describe_difference(const SyncedTool& synced, std::string_view found) {
  if (found.starts_with(kToolLacks)) {
    found.remove_prefix(kToolLacks.size());
    return {"Its table \"" + synced.table + "\" has no " + quoted_text(found) + ", which is recorded here as applied.",
            "Where it was taken back, tenancy.resolve(schema, version, 'pending') records that here, too; where it was "
            "not, tenancy.adopt('" +
                synced.tool + "', dry_run => false) writes it into that table."};
  }
  if (!synced.schema.empty()) {
    return {"Its registry \"" + synced.schema + "\" has " + quoted_text(found) + ".",
            "tenancy.adopt('" + synced.tool +
                "', dry_run => false) takes over what it has applied since. A registry is of one target: where several "
                "are in a database each needs its own, as with table_schema => 'sqitch_{{ schema }}'."};
  }
  return {
      "Its table \"" + synced.table + "\" has " + quoted_text(found) + ".",
      "tenancy.adopt('" + synced.tool +
          "', dry_run => false) takes over what it has applied since. tenancy.stop_sync() ends keeping its table up "
          "to date."};
}

ToolSync::ToolSync(const SyncedTool& synced, const MigrationSet& set, const std::string& schema,
                   std::span<const AppliedMigration> applied)
    : tool_(find_history_tool(synced.tool)),
      shape_(shape_of(synced.tool)),
      set_(set),
      schema_(
          quote_identifier(tool_schema(synced.schema.empty() ? std::nullopt : std::optional(synced.schema), schema))),
      table_(schema_ + "." + quote_identifier(synced.table)),
      group_(synced.group),
      applied_(set.versioned_count()) {
  for (const AppliedMigration& row : applied) {
    if (row.in_doubt) continue;
    begins_ = false;
    const std::optional<std::size_t> index = set.find(row.version);
    if (index && *index < applied_.size()) applied_[*index] = true;
  }
}

std::vector<TargetStatement> ToolSync::check(std::span<const Step> steps, const Files& file_of) const {
  // Of a step in doubt nobody knows whether it goes up or down: what it records is checked then.
  if (begins_ || steps.empty() || steps.front().in_doubt) return {};
  if (tool_.has_current_only) return {check_current()};
  if (tool_.naming == ToolNaming::change) return {check_changes()};
  std::vector<std::string> words;
  for (const Step& step : steps) {
    const bool begins = step.direction == Direction::up && step.migration < applied_.size() && !step.in_doubt;
    if (begins) words.push_back(word(step.migration, file_of(step.migration).name));
  }
  if (words.empty()) return {};
  std::vector<std::optional<std::string>> parameters{text_array(words)};
  const std::string which = key() + " = ANY ($1::text[])" + of_group(parameters) + where_it_is_applied();
  std::string finding =
      "(SELECT 'tool_differs#' || " + key() + " FROM " + table_ + " entry WHERE " + which + " LIMIT 1)";
  // The words of the others are of files, which may have been renamed since.
  if (tool_.naming == ToolNaming::version) finding = "coalesce(" + finding + ", " + lacking(parameters) + ")";
  return {{raise(finding), std::move(parameters)}};
}

/// The newest version that is recorded here and not there. A table with as many rows is whole: the tool may spell
/// versions in another way than their files here. And what comes before Flyway's baseline has no rows.
std::string ToolSync::lacking(std::vector<std::optional<std::string>>& parameters) const {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < applied_.size(); ++i) {
    if (applied_[i]) words.push_back(word(i, {}));
  }
  parameters.emplace_back(text_array(words));
  const std::string wanted = "$" + std::to_string(parameters.size()) + "::text[]";
  std::string there = where_it_is_applied();
  if (!tool_.no_version.empty()) there += " AND " + key() + " <> '" + tool_.no_version + "'";
  std::string lacking = "(SELECT 'tool_differs#" + std::string(kToolLacks) + "' || word FROM unnest(" + wanted +
                        ") WITH ORDINALITY AS recorded (word, place), (SELECT coalesce(array_agg(DISTINCT " + key() +
                        "), '{}') AS words FROM " + table_ + " entry WHERE true" + there +
                        ") AS there WHERE cardinality(words) < cardinality(" + wanted + ") AND word <> ALL (words)";
  if (!tool_.kind.empty()) {
    lacking +=
        " AND NOT EXISTS (SELECT FROM " + table_ + " WHERE " + quote_identifier(tool_.kind) + " LIKE '%BASELINE')";
  }
  return lacking + " ORDER BY place DESC LIMIT 1)";
}

std::vector<TargetStatement> ToolSync::record(std::size_t migration, Direction direction, const ToolFile& file) {
  if (tool_.naming == ToolNaming::change) return record_change(migration, direction, file);
  std::vector<TargetStatement> statements;
  if (std::exchange(begins_, false)) {
    statements.push_back({"CREATE TABLE IF NOT EXISTS " + table_ + " (" + std::string(shape_.create) + ")"});
    for (const std::string_view statement : statements_in(shape_.begin)) statements.push_back({with_names(statement)});
  }
  if (migration >= applied_.size()) {
    if (shape_.has_repeatables) add_repeatable(statements, migration, direction, file);
    return statements;
  }
  const bool up = direction == Direction::up;
  if (tool_.has_current_only) {
    // What is in doubt was neither begun nor ended in the tool's eyes.
    applied_[migration] = !up;
    statements.push_back(check_current());
    applied_[migration] = up;
    statements.push_back({"DELETE FROM " + table_});
    for (const std::string& head : heads()) statements.push_back({insert(), {head}});
    return statements;
  }
  applied_[migration] = up;
  std::vector<std::optional<std::string>> parameters{word(migration, file.name)};
  const std::string group = of_group(parameters);
  statements.push_back(
      {"DELETE FROM " + table_ + " entry WHERE " + key() + " = $1" + group + where_it_counts(), parameters});
  if (!up) return statements;
  add_file(parameters, migration, file);
  statements.push_back({insert(), std::move(parameters)});
  return statements;
}

std::vector<TargetStatement> ToolSync::record_change(std::size_t migration, Direction direction, const ToolFile& file) {
  require_record(migration, file);
  std::vector<TargetStatement> statements;
  if (std::exchange(begins_, false)) statements = make_sqitch_registry(schema_);
  const bool up = direction == Direction::up;
  applied_[migration] = !up;
  statements.push_back(check_changes());
  applied_[migration] = up;
  std::vector<TargetStatement> rows =
      up ? record_sqitch_deploy(schema_, file.checksum) : record_sqitch_revert(schema_, file.checksum);
  std::move(rows.begin(), rows.end(), std::back_inserter(statements));
  return statements;
}

void ToolSync::require_record(std::size_t migration, const ToolFile& file) const {
  if (migration >= applied_.size() || file.checksum.empty()) {
    throw Error(ErrorKind::bad_value,
                "what " + tool_.name + " records of migration " + set_[migration].version + " is not known here",
                "Load the folder of its sqitch.plan. Changes that require one of another project are not written.");
  }
  const std::string project = parse_text_array(file.checksum).front();
  if (project == group_) return;
  throw Error(ErrorKind::bad_value,
              "migration " + set_[migration].version + " is of project " + quoted_text(project) + ", not of " +
                  quoted_text(group_),
              "Say app => '" + project + "' where the table is to be kept up to date.");
}

/// Flyway has a row for each time that it ran one.
void ToolSync::add_repeatable(std::vector<TargetStatement>& statements, std::size_t migration, Direction direction,
                              const ToolFile& file) const {
  if (direction == Direction::down) {
    statements.push_back({"DELETE FROM " + table_ + " WHERE version IS NULL AND script = $1", {file.name}});
    return;
  }
  std::vector<std::optional<std::string>> parameters{""};
  add_file(parameters, migration, file);
  statements.push_back({insert(), std::move(parameters)});
}

void ToolSync::add_file(std::vector<std::optional<std::string>>& parameters, std::size_t migration,
                        const ToolFile& file) const {
  if (shape_.of_file == 0) return;
  if (file.checksum.empty()) {
    throw Error(ErrorKind::bad_value,
                "migration " + set_[migration].version + " was not loaded from a file of " + tool_.name +
                    ", whose checksum its table holds",
                "Load it from its file, with the format " + tool_.name + ".");
  }
  parameters.emplace_back(file.checksum);
  if (shape_.of_file == 1) return;
  parameters.emplace_back(file.name);
  parameters.emplace_back(flyway_description(file.name));
}

/// The rows must be those of before: another runner's are not written over.
TargetStatement ToolSync::check_current() const {
  const std::string failed =
      tool_.state.empty() ? "" : " OR (SELECT bool_or(" + quote_identifier(tool_.state) + ") FROM " + table_ + ")";
  return {
      raise("CASE WHEN (SELECT coalesce(array_agg(" + key() + " ORDER BY " + key() + " COLLATE \"C\"), '{}') FROM " +
            table_ + ") <> $1::text[]" + failed + " THEN 'tool_differs#' || (SELECT coalesce(string_agg(" + key() +
            ", ', '), 'nothing') FROM " + table_ + ") END"),
      {text_array(heads())}};
}

/// sqitch deploys and reverts in the order of its plan, and stops where its rows are not the beginning of it.
TargetStatement ToolSync::check_changes() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < applied_.size(); ++i) {
    if (applied_[i]) names.emplace_back(sqitch_change_of(set_[i].description));
  }
  std::sort(names.begin(), names.end());
  const std::string rows = " FROM " + table_ + " WHERE project = $2)";
  return {
      raise("CASE WHEN (SELECT coalesce(array_agg(change ORDER BY change COLLATE \"C\"), '{}')" + rows +
            " <> $1::text[] THEN 'tool_differs#' || (SELECT coalesce(string_agg(change, ', ' ORDER BY committed_at), "
            "'nothing')" +
            rows + " END"),
      {text_array(names), group_}};
}

std::string ToolSync::key() const {
  return shape_.key.empty() ? quote_identifier(tool_.version) + "::text" : std::string(shape_.key);
}

std::string ToolSync::of_group(std::vector<std::optional<std::string>>& parameters) const {
  if (tool_.group.empty()) return {};
  parameters.emplace_back(group_);
  return " AND " + quote_identifier(tool_.group) + " = $" + std::to_string(parameters.size());
}

std::string ToolSync::insert() const {
  return "INSERT INTO " + table_ + " (" + std::string(shape_.columns) + ") VALUES (" + with_names(shape_.values) + ")";
}

std::string ToolSync::with_names(std::string_view sql) const {
  return replaced(replaced(sql, "{}", table_), "{s}", schema_);
}

std::string ToolSync::where_it_counts() const {
  return shape_.counts.empty() ? "" : " AND " + with_names(shape_.counts);
}

std::string ToolSync::where_it_is_applied() const {
  // Of those that goose has taken back a row may be left.
  const bool has_both = tool_.state_means == ToolState::applied;
  return (has_both ? " AND " + quote_identifier(tool_.state) : "") + where_it_counts();
}

/// What a table with the newest versions alone holds, in the order of bytes. What has come after the tool's own graph
/// it does not know.
std::vector<std::string> ToolSync::heads() const {
  std::vector<bool> known = applied_;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (set_.has_graph() && !set_[i].after) known[i] = false;
  }
  const std::vector<bool> earlier = set_.before(known);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] && !earlier[i]) words.push_back(word(i, {}));
  }
  std::sort(words.begin(), words.end());
  return words;
}

std::string ToolSync::word(std::size_t migration, std::string_view filename) const {
  const StoredMigration& stored = set_[migration];
  if (tool_.naming != ToolNaming::file_name) {
    std::string version = stored.version;
    if (tool_.name == "diesel") std::erase(version, '-');
    const bool is_number = tool_.name == "rails" || tool_.name == "goose" || tool_.name == "golang-migrate";
    return is_number ? without_leading_zeros(version) : version;
  }
  if (filename.empty()) {
    throw Error(ErrorKind::bad_value,
                "migration " + stored.version + " has no file name, by which " + tool_.name + " knows its migrations",
                "Load it from a file of the name that the tool has for it.");
  }
  const Path path = split_path(filename);
  if (tool_.name == "sql-migrate") return std::string(path.base);
  // Its migrations are folders.
  if (tool_.name == "prisma") return std::string(split_path(path.folder).base);
  // In a folder of its own, or one of a pair, it may have its down SQL beside it here.
  if (path.base == "up.sql") return std::string(split_path(path.folder).base);
  std::string_view stem = stem_of(filename);
  if (stem.ends_with(".up")) stem.remove_suffix(3);
  return std::string(stem);
}

}  // namespace tenancy::core
