#include "core/sqitch_registry.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/ascii.h"
#include "core/text_array.h"
#include "core/tool_sql.h"

namespace tenancy::core {

namespace {

using Texts = std::vector<std::string>;

/// As sqitch itself makes them; `{s}` is the schema.
constexpr std::array<std::string_view, 7> kTables{
    "CREATE TABLE IF NOT EXISTS {s}.releases (version real PRIMARY KEY, installed_at timestamptz NOT NULL DEFAULT "
    "clock_timestamp(), installer_name text NOT NULL, installer_email text NOT NULL)",
    "INSERT INTO {s}.releases (version, installer_name, installer_email) SELECT 1.1, current_user, current_user || "
    "'@localhost' WHERE NOT EXISTS (SELECT FROM {s}.releases)",
    "CREATE TABLE IF NOT EXISTS {s}.projects (project text PRIMARY KEY, uri text UNIQUE, created_at timestamptz NOT "
    "NULL DEFAULT clock_timestamp(), creator_name text NOT NULL, creator_email text NOT NULL)",
    "CREATE TABLE IF NOT EXISTS {s}.changes (change_id text PRIMARY KEY, script_hash text, change text NOT NULL, "
    "project text NOT NULL REFERENCES {s}.projects (project) ON UPDATE CASCADE, note text NOT NULL DEFAULT '', "
    "committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), committer_name text NOT NULL, committer_email text "
    "NOT NULL, planned_at timestamptz NOT NULL, planner_name text NOT NULL, planner_email text NOT NULL, UNIQUE "
    "(project, script_hash))",
    "CREATE TABLE IF NOT EXISTS {s}.tags (tag_id text PRIMARY KEY, tag text NOT NULL, project text NOT NULL REFERENCES "
    "{s}.projects (project) ON UPDATE CASCADE, change_id text NOT NULL REFERENCES {s}.changes (change_id) ON UPDATE "
    "CASCADE, note text NOT NULL DEFAULT '', committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), "
    "committer_name text NOT NULL, committer_email text NOT NULL, planned_at timestamptz NOT NULL, planner_name text "
    "NOT NULL, planner_email text NOT NULL, UNIQUE (project, tag))",
    "CREATE TABLE IF NOT EXISTS {s}.dependencies (change_id text NOT NULL REFERENCES {s}.changes (change_id) ON UPDATE "
    "CASCADE ON DELETE CASCADE, type text NOT NULL, dependency text NOT NULL, dependency_id text REFERENCES "
    "{s}.changes (change_id) ON UPDATE CASCADE CONSTRAINT dependencies_check CHECK ((type = 'require' AND "
    "dependency_id IS NOT NULL) OR (type = 'conflict' AND dependency_id IS NULL)), PRIMARY KEY (change_id, "
    "dependency))",
    "CREATE TABLE IF NOT EXISTS {s}.events (event text NOT NULL CONSTRAINT events_event_check CHECK (event IN "
    "('deploy', 'revert', 'fail', 'merge')), change_id text NOT NULL, change text NOT NULL, project text NOT NULL "
    "REFERENCES {s}.projects (project) ON UPDATE CASCADE, note text NOT NULL DEFAULT '', requires text[] NOT NULL "
    "DEFAULT '{}', conflicts text[] NOT NULL DEFAULT '{}', tags text[] NOT NULL DEFAULT '{}', committed_at timestamptz "
    "NOT NULL DEFAULT clock_timestamp(), committer_name text NOT NULL, committer_email text NOT NULL, planned_at "
    "timestamptz NOT NULL, planner_name text NOT NULL, planner_email text NOT NULL, PRIMARY KEY (change_id, "
    "committed_at))"};

/// Gives the places in a record their names, and whoever writes it: sqitch knows people by name and address.
constexpr std::string_view kRecord =
    "WITH record AS (SELECT r[1] AS project, nullif(r[2], '') AS uri, r[3] AS change_id, r[4] AS script_hash, r[5] AS "
    "change, r[6] AS note, r[7]::timestamptz AS planned_at, r[8] AS planner_name, r[9] AS planner_email, r[10]::text[] "
    "AS requires, r[11]::text[] AS required_ids, r[12]::text[] AS conflicts, r[13]::text[] AS tag_ids, r[14]::text[] "
    "AS tags, r[15]::text[] AS tag_notes, r[16]::text[] AS tag_times, r[17]::text[] AS tag_planners, r[18]::text[] AS "
    "tag_emails, current_user::text AS committer, current_user || '@localhost' AS email FROM (SELECT $1::text[] AS r) "
    "AS given) ";

constexpr std::array<std::string_view, 5> kDeploy{
    "INSERT INTO {s}.projects (project, uri, creator_name, creator_email) SELECT project, uri, committer, email FROM "
    "record ON CONFLICT (project) DO NOTHING",
    "INSERT INTO {s}.changes (change_id, script_hash, change, project, note, committer_name, committer_email, "
    "planned_at, planner_name, planner_email, committed_at) SELECT change_id, script_hash, change, project, note, "
    "committer, email, planned_at, planner_name, planner_email, clock_timestamp() FROM record",
    "INSERT INTO {s}.dependencies (change_id, type, dependency, dependency_id) SELECT change_id, 'require', name, id "
    "FROM record, unnest(requires, required_ids) AS one (name, id) UNION ALL SELECT change_id, 'conflict', name, NULL "
    "FROM record, unnest(conflicts) AS one (name)",
    "INSERT INTO {s}.tags (tag_id, tag, project, change_id, note, committer_name, committer_email, planned_at, "
    "planner_name, planner_email, committed_at) SELECT one.id, one.tag, project, change_id, one.note, committer, "
    "email, one.time::timestamptz, one.planner, one.address, clock_timestamp() FROM record, unnest(tag_ids, tags, "
    "tag_notes, tag_times, tag_planners, tag_emails) AS one (id, tag, note, time, planner, address)",
    "INSERT INTO {s}.events (event, change_id, change, project, note, requires, conflicts, tags, committer_name, "
    "committer_email, planned_at, planner_name, planner_email, committed_at) SELECT 'deploy', change_id, change, "
    "project, note, requires, conflicts, tags, committer, email, planned_at, planner_name, planner_email, "
    "clock_timestamp() FROM record"};

/// Tags may have come to it since.
constexpr std::array<std::string_view, 4> kRevert{
    "INSERT INTO {s}.events (event, change_id, change, project, note, requires, conflicts, tags, committer_name, "
    "committer_email, planned_at, planner_name, planner_email, committed_at) SELECT 'revert', change_id, change, "
    "project, note, requires, conflicts, ARRAY(SELECT tag FROM {s}.tags WHERE change_id = record.change_id), "
    "committer, email, planned_at, planner_name, planner_email, clock_timestamp() FROM record",
    "DELETE FROM {s}.tags WHERE change_id = (SELECT change_id FROM record)",
    "DELETE FROM {s}.dependencies WHERE change_id = (SELECT change_id FROM record)",
    "DELETE FROM {s}.changes WHERE change_id = (SELECT change_id FROM record)"};

std::string in_schema(std::string_view sql, std::string_view schema) { return replaced(sql, "{s}", schema); }

template <std::size_t Count>
std::vector<TargetStatement> with_record(const std::array<std::string_view, Count>& statements, std::string_view schema,
                                         const std::string& record) {
  // As sqitch does: its own sessions wait.
  std::vector<TargetStatement> result{{in_schema("LOCK TABLE {s}.changes IN EXCLUSIVE MODE", schema)}};
  for (const std::string_view statement : statements) {
    result.push_back({std::string(kRecord) + in_schema(statement, schema), {record}});
  }
  return result;
}

/// What an URI is to sqitch, whose library writes some in another way; nothing for those.
bool is_plain_uri(std::string_view uri) {
  if (uri.empty()) return true;
  const std::size_t host = uri.find("://");
  if (host == std::string_view::npos || host == 0) return false;
  const std::size_t path = uri.find('/', host + 3);
  if (path == std::string_view::npos || path == host + 3) return false;
  const auto is_plain = [](char c) {
    return ascii::is_lower(c) || ascii::is_digit(c) || c == '.' || c == '-' || c == '/' || c == ':';
  };
  const std::string_view place = uri.substr(0, path);
  const auto is_in_path = [&](char c) {
    return is_plain(c) || ascii::is_upper(c) || c == '_' || c == '~' || c == '?' || c == '=' || c == '&';
  };
  const std::string_view name = place.substr(host + 3);
  return name.find(':') == std::string_view::npos && std::all_of(place.begin(), place.end(), is_plain) &&
         std::all_of(uri.begin() + static_cast<std::ptrdiff_t>(path), uri.end(), is_in_path);
}

/// A note as it stands in a plan, where line ends are escaped.
std::string unescaped(std::string_view note) {
  std::string text;
  for (std::size_t i = 0; i < note.size(); ++i) {
    const char next = note[i] == '\\' && i + 1 < note.size() ? note[i + 1] : '\0';
    if (next != '\\' && next != 'n' && next != 'r') {
      text += note[i];
      continue;
    }
    text += next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
    ++i;
  }
  return text;
}

/// The ids of one plan.
class Records {
 public:
  Records(const SqitchPlan& plan, const Sha1& sha1) : plan_(plan), sha1_(sha1) {}

  Texts make(std::span<const std::string_view> scripts) {
    Texts records(plan_.changes.size());
    if (plan_.project.empty() || !is_plain_uri(plan_.uri)) return records;
    for (std::size_t index = 0; index < records.size(); ++index) {
      const SqitchChange& change = plan_.changes[index];
      if (!is_whole(change)) break;
      ids_.push_back(id("change", info_of(change)));
      records[index] = record_of(change, sha1_(scripts[index]));
    }
    return records;
  }

 private:
  static bool is_whole(const SqitchChange& change) {
    return change.planned.is_known() &&
           std::all_of(change.required.begin(), change.required.end(),
                       [](const SqitchRequirement& one) { return one.change.has_value(); }) &&
           std::all_of(change.tags.begin(), change.tags.end(),
                       [](const SqitchTag& tag) { return tag.planned.is_known(); });
  }

  /// As git names what it keeps.
  [[nodiscard]] std::string id(const std::string& kind, const std::string& info) const {
    return sha1_(kind + " " + std::to_string(info.size()) + std::string(1, '\0') + info);
  }

  [[nodiscard]] std::string head_of_info() const {
    return "project " + plan_.project + (plan_.uri.empty() ? "" : "\nuri " + plan_.uri);
  }

  static std::string end_of_info(const SqitchPlanned& planned) {
    return "\nplanner " + planned.name + " <" + planned.email + ">\ndate " + planned.time;
  }

  static std::string note_in_info(const std::string& note) { return note.empty() ? "" : "\n\n" + unescaped(note); }

  [[nodiscard]] std::string info_of(const SqitchChange& change) const {
    std::string info = head_of_info() + "\nchange " + change.name;
    if (!ids_.empty()) info += "\nparent " + ids_.back();
    info += end_of_info(change.planned);
    for (const SqitchRequirement& one : change.required) {
      info += (&one == &change.required.front() ? "\nrequires\n  + " : "\n  + ") + one.name;
    }
    for (const std::string& one : change.conflicts) {
      info += (&one == &change.conflicts.front() ? "\nconflicts\n  - " : "\n  - ") + one;
    }
    return info + note_in_info(change.note);
  }

  [[nodiscard]] std::string record_of(const SqitchChange& change, const std::string& script_hash) const {
    Texts requires_names, required_ids;
    for (const SqitchRequirement& one : change.required) {
      requires_names.push_back(one.name);
      required_ids.push_back(ids_[*one.change]);
    }
    std::array<Texts, 6> tags;
    for (const SqitchTag& tag : change.tags) {
      const std::string info = head_of_info() + "\ntag @" + tag.name + "\nchange " + ids_.back() +
                               end_of_info(tag.planned) + note_in_info(tag.note);
      const Texts row{id("tag", info),  "@" + tag.name,   unescaped(tag.note),
                      tag.planned.time, tag.planned.name, tag.planned.email};
      for (std::size_t i = 0; i < row.size(); ++i) tags[i].push_back(row[i]);
    }
    Texts record{plan_.project,
                 plan_.uri,
                 ids_.back(),
                 script_hash,
                 change.name,
                 unescaped(change.note),
                 change.planned.time,
                 change.planned.name,
                 change.planned.email,
                 text_array(requires_names),
                 text_array(required_ids),
                 text_array(change.conflicts)};
    for (const Texts& column : tags) record.push_back(text_array(column));
    return text_array(record);
  }

  const SqitchPlan& plan_;
  const Sha1& sha1_;
  Texts ids_{};
};

std::string quote_literal(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("''") : std::string(1, c);
  return result + "'";
}

}  // namespace

std::vector<std::string> sqitch_records(const SqitchPlan& plan, std::span<const std::string_view> scripts,
                                        const Sha1& sha1) {
  return Records(plan, sha1).make(scripts);
}

std::string_view sqitch_change_of(std::string_view description) noexcept {
  return description.substr(0, description.find(':'));
}

std::vector<TargetStatement> make_sqitch_registry(std::string_view schema) {
  // IF NOT EXISTS takes the right to make schemas also where there is one.
  const std::string is_missing = "to_regnamespace(" + quote_literal(schema) + ") IS NULL";
  const std::string make = "BEGIN IF " + is_missing + " THEN CREATE SCHEMA " + std::string(schema) + "; END IF; END";
  std::vector<TargetStatement> statements{{"DO " + quote_literal(make)}};
  for (const std::string_view statement : kTables) statements.push_back({in_schema(statement, schema)});
  return statements;
}

std::vector<TargetStatement> record_sqitch_deploy(std::string_view schema, const std::string& record) {
  return with_record(kDeploy, schema, record);
}

std::vector<TargetStatement> record_sqitch_revert(std::string_view schema, const std::string& record) {
  return with_record(kRevert, schema, record);
}

}  // namespace tenancy::core
