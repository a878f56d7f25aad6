// Migrating targets by the driver, in a database with the extension and in one without.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/migration_file.h"
#include "driver/apply/plain_runner.h"
#include "tests/system/databases.h"
#include "tests/system/event_loop.h"

namespace tenancy::test {

/// Name and content of a migration file.
using File = std::pair<std::string, std::string>;

class PlainTest : public Databases {
 protected:
  PlainTest() : control_(connect()), name_(database() + "_plain") {
    make(name_);
    plain_ = std::make_unique<Connection>(cluster().connect(name_));
  }

  /// The database with the extension, and the one without.
  Connection& control() noexcept { return control_; }
  Connection& plain() noexcept { return *plain_; }
  [[nodiscard]] const std::string& plain_name() const noexcept { return name_; }

  void both(const std::string& sql) {
    control_.exec(sql);
    plain_->exec(sql);
  }

  void load(const std::vector<File>& files) {
    std::vector<core::SourceFile> sources;
    for (const auto& [name, content] : files) {
      sources.push_back({name, content});
      control_.query("SELECT FROM tenancy.load_migration($1, $2)", {name, content});
    }
    store_ = std::make_unique<driver::MigrationStore>(core::parse_migration_folder(sources));
  }

  [[nodiscard]] const driver::MigrationStore& store() const { return *store_; }
  [[nodiscard]] EventLoop& loop() noexcept { return loop_; }

  driver::Connection open(const std::string& options = "") {
    auto conninfo = driver::Conninfo::parse(cluster().conninfo(name_) + " " + options);
    return loop_.run(driver::Connection::open(std::move(conninfo), soon()));
  }

  static driver::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(40); }

  driver::Outcome migrate(driver::Connection& session, const driver::Target& target, driver::Request request = {}) {
    driver::PlainRunner runner(*store_, std::move(request));
    return loop_.run(runner.run(session, target, soon()));
  }

  driver::Outcome migrate(const driver::Target& target, driver::Request request = {}) {
    driver::Connection session = open();
    return migrate(session, target, std::move(request));
  }

  static driver::Target schema(std::string name) {
    driver::Target target;
    target.schema = std::move(name);
    return target;
  }

  static driver::Request request(core::Direction direction, const std::string& revision) {
    driver::Request request;
    request.direction = direction;
    request.revision = core::parse_revision(revision);
    request.revision_text = revision;
    return request;
  }

  /// All of a tracking table but times, as COPY writes it.
  static std::string tracked(Connection& session, const std::string& name) {
    std::string rows;
    for (const Row& row : session.query("SELECT t::text FROM (SELECT (to_jsonb(m) - 'applied_at' - 'duration') AS t"
                                        " FROM " +
                                        name + ".schema_migrations AS m ORDER BY migration_set, version) AS x")) {
      rows += row[0].value_or("NULL") + "\n";
    }
    return rows;
  }

 private:
  EventLoop loop_;
  Connection control_;
  std::string name_;
  std::unique_ptr<Connection> plain_;
  std::unique_ptr<driver::MigrationStore> store_;
};

}  // namespace tenancy::test
