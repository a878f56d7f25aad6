#include "driver/files/store_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "core/text_array.h"

namespace tenancy::driver {

namespace {

using Action = LoadedMigration::Action;

// What one batch may hold; a round trip more costs less than the memory.
constexpr std::size_t kBatchMigrations = 200;
constexpr std::size_t kBatchBytes = std::size_t{4} * 1024 * 1024;

constexpr const char* kBegin = "BEGIN";
constexpr const char* kSavepoint = "SAVEPOINT tenancy_load";
constexpr const char* kRelease = "RELEASE SAVEPOINT tenancy_load";
constexpr const char* kTakeBack = "ROLLBACK TO SAVEPOINT tenancy_load";
constexpr const char* kAdd =
    "SELECT tenancy.add_migration($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::integer, $14::integer,"
    "                             $15, $16::text[], $17::text[], $18::text[], nullif($19, ''))";
constexpr const char* kStored =
    "SELECT migration_set, version, description, filename FROM tenancy.migrations"
    " WHERE migration_set = ANY ($1::text[]) AND filename IS NOT NULL"
    " ORDER BY migration_set, tenancy.version_key(version) COLLATE \"C\"";

/// The three statements of a migration: so it can be taken back alone.
constexpr std::size_t kStatementsEach = 3;

std::optional<std::string> milliseconds(const std::optional<std::chrono::milliseconds>& time) {
  if (!time) return std::nullopt;
  return std::to_string(time->count());
}

Statement add_statement(const core::Migration& migration) {
  auto const truth = [](bool value) { return value ? "true" : "false"; };
  Statement statement{kAdd, {}};
  Parameters& values = statement.parameters;
  values.emplace_back(migration.version);
  values.emplace_back(migration.up.sql);
  values.push_back(migration.down ? std::optional(migration.down->sql) : std::nullopt);
  values.emplace_back(migration.description);
  values.emplace_back(core::to_string(migration.scope));
  values.emplace_back(migration.set);
  values.emplace_back(truth(migration.transactional));
  values.emplace_back(truth(migration.repeatable));
  values.emplace_back(truth(migration.allow_outside));
  values.push_back(milliseconds(migration.lock_timeout));
  values.push_back(milliseconds(migration.statement_timeout));
  values.emplace_back(migration.filename);
  values.emplace_back(std::to_string(migration.up.first_line));
  values.emplace_back(std::to_string(migration.down ? migration.down->first_line : 1));
  values.emplace_back(core::to_string(migration.variables));
  values.push_back(migration.after ? std::optional(core::text_array(*migration.after)) : std::nullopt);
  values.emplace_back(core::text_array(migration.branches));
  values.emplace_back(core::text_array(migration.required));
  values.emplace_back(migration.tool_checksum);
  return statement;
}

/// Is it about this migration? Everything else would be said of each of them.
bool is_about_migration(const ServerReport& report) {
  constexpr std::array<std::string_view, 5> about_all{"42883", "3F000", "42501", "25006", "42P01"};
  constexpr std::array<std::string_view, 4> about_all_classes{"08", "53", "57", "58"};
  std::string_view const state = report.sqlstate;
  return std::find(about_all.begin(), about_all.end(), state) == about_all.end() &&
         std::find(about_all_classes.begin(), about_all_classes.end(), state.substr(0, 2)) == about_all_classes.end();
}

/// The extension says `migration 008: 008_typo.sql line 2: syntax error …`: file and line are told apart here.
Finding finding_of(const core::Migration& migration, Finding::Kind kind, const ServerReport& report) {
  std::string_view message = report.message;
  Finding finding{.kind = kind, .file = migration.filename, .hint = report.hint};
  std::string const start = "migration " + migration.version + ": ";
  if (message.starts_with(start)) message.remove_prefix(start.size());
  if (message.starts_with(migration.filename)) message.remove_prefix(migration.filename.size());
  constexpr std::string_view line = " line ";
  if (message.starts_with(line)) {
    message.remove_prefix(line.size());
    auto const [end, error] = std::from_chars(message.data(), message.data() + message.size(), finding.line);
    if (error == std::errc{}) message.remove_prefix(static_cast<std::size_t>(end - message.data()));
  }
  if (message.starts_with(": ")) message.remove_prefix(2);
  finding.message = message;
  if (!report.detail.empty()) finding.message += " (" + report.detail + ")";
  return finding;
}

Action action_of(std::string_view text) {
  return text == "added" ? Action::added : text == "updated" ? Action::updated : Action::unchanged;
}

/// What to send next, given the answers; the coroutine below only carries it to and fro.
class Loader {
 public:
  explicit Loader(std::vector<core::Migration> migrations) : migrations_(std::move(migrations)) {
    for (const core::Migration& migration : migrations_) {
      result_.migrations.push_back({migration.set, migration.version, migration.description, migration.filename,
                                    Action::unchanged, migration.note});
    }
  }

  [[nodiscard]] bool is_done() const noexcept { return next_ == migrations_.size(); }
  [[nodiscard]] LoadResult& result() noexcept { return result_; }

  /// Statements of the next migrations.
  std::vector<Statement> next_batch() {
    std::vector<Statement> batch;
    lead_ = 0;
    if (!has_begun_) batch.push_back({kBegin, {}});
    if (take_back_) batch.push_back({kTakeBack, {}});
    has_begun_ = true;
    lead_ = batch.size();
    std::size_t bytes = 0;
    for (std::size_t i = next_; i < migrations_.size() && i < next_ + kBatchMigrations && bytes < kBatchBytes; ++i) {
      // Behind a failure the savepoint is still there.
      batch.push_back({take_back_ && i == next_ ? "SELECT" : kSavepoint, {}});
      batch.push_back(add_statement(migrations_[i]));
      batch.push_back({kRelease, {}});
      bytes += migrations_[i].up.sql.size() + (migrations_[i].down ? migrations_[i].down->sql.size() : 0);
    }
    take_back_ = false;
    return batch;
  }

  /// Throws ServerError for a failure that is not about a migration.
  void take(const BatchResult& answer) {
    for (std::size_t at = lead_; at + 1 < answer.results.size(); at += kStatementsEach) {
      note_added(action_of(answer.results[at + 1].text(0, 0)));
    }
    if (!answer.failure) return;
    if (answer.results.size() < lead_ || !is_about_migration(*answer.failure)) {
      throw ServerError(ServerError::Kind::refused, *answer.failure);
    }
    note_refused(*answer.failure);
    take_back_ = true;
  }

 private:
  void note_added(Action action) {
    LoadedMigration& loaded = result_.migrations[next_];
    loaded.action = action;
    if (down_failure_) {
      Finding finding = finding_of(migrations_[next_], Finding::Kind::warning, *down_failure_);
      finding.message = "stored as irreversible, its down SQL cannot run: " + finding.message;
      loaded.note = finding.message;
      result_.findings.push_back(std::move(finding));
    }
    down_failure_.reset();
    ++next_;
  }

  /// Old migrations are full of down SQL that nobody ever ran: it is tried without, as tenancy.load_directory does.
  void note_refused(const ServerReport& report) {
    core::Migration& migration = migrations_[next_];
    if (migration.down) {
      down_failure_ = report;
      migration.down.reset();
      return;
    }
    LoadedMigration& loaded = result_.migrations[next_];
    Finding finding = finding_of(migration, Finding::Kind::error, report);
    loaded.action = Action::refused;
    loaded.note = finding.message;
    result_.findings.push_back(std::move(finding));
    down_failure_.reset();
    ++next_;
  }

  std::vector<core::Migration> migrations_;
  LoadResult result_;
  std::size_t next_ = 0;
  std::size_t lead_ = 0;  ///< statements of the batch before those of migrations
  bool has_begun_ = false;
  bool take_back_ = false;
  std::optional<ServerReport> down_failure_;
};

/// What is stored in these sets and has no file any more.
void add_missing_files(LoadResult& result, const Result& stored) {
  std::set<std::pair<std::string, std::string>> known;
  for (const LoadedMigration& one : result.migrations) known.emplace(one.set, one.version);
  for (std::size_t row = 0; row < stored.rows(); ++row) {
    LoadedMigration missing{.set = std::string(stored.text(row, 0)),
                            .version = std::string(stored.text(row, 1)),
                            .description = std::string(stored.text(row, 2)),
                            .filename = std::string(stored.text(row, 3)),
                            .action = Action::missing_file,
                            .note = "it is stored, and has no file any more"};
    if (!known.contains({missing.set, missing.version})) result.migrations.push_back(std::move(missing));
  }
}

std::string names_of_sets(const std::vector<LoadedMigration>& migrations) {
  std::set<std::string> names;
  for (const LoadedMigration& one : migrations) names.insert(one.set);
  return core::text_array(std::vector<std::string>(names.begin(), names.end()));
}

}  // namespace

std::string_view to_string(Action action) noexcept {
  switch (action) {
    case Action::added:
      return "added";
    case Action::updated:
      return "updated";
    case Action::unchanged:
      return "unchanged";
    case Action::refused:
      return "refused";
    case Action::missing_file:
      return "no file";
  }
  return "";
}

std::size_t LoadResult::count(Action action) const noexcept {
  return static_cast<std::size_t>(std::count_if(migrations.begin(), migrations.end(),
                                                [&](const LoadedMigration& one) { return one.action == action; }));
}

boost::asio::awaitable<LoadResult> load_migrations(Connection& connection, std::vector<core::Migration> migrations,
                                                   bool keep, Deadline deadline) {
  Loader loader(std::move(migrations));
  while (!loader.is_done()) {
    std::vector<Statement> const batch = loader.next_batch();
    BatchResult const answer = co_await connection.batch(batch, deadline);
    loader.take(answer);
  }
  LoadResult& result = loader.result();
  bool const is_good = result.count(Action::refused) == 0;
  // Behind a refused migration the transaction is in error: it is over anyway.
  if (is_good) {
    Parameters sets;
    sets.emplace_back(names_of_sets(result.migrations));
    Result const stored = co_await connection.query(kStored, sets, deadline);
    add_missing_files(result, stored);
  }
  result.is_stored = is_good && keep;
  std::string_view const end = result.is_stored ? "COMMIT" : "ROLLBACK";
  co_await connection.execute(end, deadline);
  co_return std::move(result);
}

}  // namespace tenancy::driver
