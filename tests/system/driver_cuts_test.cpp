// One target, whose session is cut at messages to and from the server, all over the conversation: whatever was under
// way, a second run finishes, and every migration was applied once.
#include <gmock/gmock.h>

#include "driver/apply/called_runner.h"
#include "tests/system/driver_plain.h"
#include "tests/system/fault_proxy.h"
#include "tests/system/target_state.h"

namespace tenancy::test {
namespace {

using core::Direction;
using driver::Conninfo;
using driver::Outcome;
using driver::ServerError;
using driver::TargetRunner;

File migration(const std::string& version, const std::string& sql, const std::string& options = "") {
  return {version + "_a.sql", options + "-- UPGRADE\n" + sql + "INSERT INTO applied VALUES ('" + version + "');\n"};
}

/// But for libpq's Terminate, which may come when a session is forgotten already.
bool every(const Message& message) { return message.type != 'X'; }

bool is_retried(const Outcome& outcome) {
  return outcome.failure && (outcome.failure->sqlstate == "55P03" || outcome.failure->sqlstate == "40001");
}

class DriverCuts : public PlainTest {
 protected:
  /// Makes runners for a database: one that was there when the session was lost looks that up; another one, as of a
  /// second process, knows nothing of it.
  using MakeRunner = std::function<std::unique_ptr<TargetRunner>()>;

  void load_files(bool with_outside) {
    std::vector<File> files{migration("001", "CREATE TABLE applied (version text);\nCREATE TABLE a (id int, n int);\n"),
                            migration("002", "ALTER TABLE a ADD note text;\nCREATE TABLE b (id int PRIMARY KEY);\n"),
                            migration("004", "CREATE VIEW c AS SELECT id FROM a;\n")};
    if (with_outside) {
      files.push_back({"003_index.sql",
                       "-- MIGRATION_TRANSACTION: off\n-- UPGRADE\nCREATE INDEX CONCURRENTLY a_n ON a (n);\n"
                       "CREATE INDEX CONCURRENTLY a_id ON a (id);\n"});
    }
    load(files);
    control().exec("SELECT tenancy.create_tenant('reference')");
    reference_ = state_of(control(), "reference");
  }

  driver::Connection open_at(const std::string& conninfo) {
    return loop().run(driver::Connection::open(Conninfo::parse(conninfo), soon()));
  }

  /// True: it was done; false: the session was lost on the way.
  bool is_done(TargetRunner& runner, driver::Connection& session, const driver::Target& target) {
    try {
      const Outcome outcome = loop().run(runner.run(session, target, soon()));
      EXPECT_EQ(outcome.failure.value_or(driver::ServerReport{}).message, "");
      return true;
    } catch (const ServerError& error) {
      EXPECT_EQ(error.kind(), ServerError::Kind::lost) << error.what();
      return false;
    }
  }

  void finish(TargetRunner& runner, const std::string& conninfo, const driver::Target& target, bool looks_up) {
    driver::Connection session = open_at(conninfo);
    std::optional<Outcome> found;
    if (looks_up) found = loop().run(runner.look_up(session, target, soon()));
    Outcome outcome{target};
    // What the lost session was doing may not be over yet.
    const auto limit = soon();
    do {
      outcome = loop().run(runner.run(session, target, soon()));
    } while (is_retried(outcome) && std::chrono::steady_clock::now() < limit);
    EXPECT_EQ(outcome.failure.value_or(driver::ServerReport{}).message, "");
    EXPECT_EQ(outcome.to_revision, "004");
    // What was found done is done.
    EXPECT_TRUE(!found || found->to_revision != "004" || outcome.steps.empty());
    EXPECT_FALSE(session.in_transaction());
  }

  /// At the first message, then `stride` further, … until a run comes to its end. Strides are primes, so that all kinds
  /// of messages have their turn; 1 takes many minutes.
  void cut_at_many(Connection& observer, const std::string& database, const MakeRunner& make,
                   const std::function<void(FaultProxy&, int, const driver::Connection&)>& fault, int stride) {
    FaultProxy proxy(cluster().sockets());
    for (int at = 1;; at += stride) {
      SCOPED_TRACE(at);
      const driver::Target target = schema("s" + std::to_string(at));
      observer.exec("CREATE SCHEMA " + target.schema);
      proxy.forward_all();
      const std::unique_ptr<TargetRunner> runner = make();
      bool done = false;
      {
        driver::Connection first = open_at(proxy.conninfo(database));
        // A schema that is not empty, or all would be one transaction.
        driver::PlainRunner begins(store(), request(Direction::up, "001"));
        EXPECT_TRUE(is_done(begins, first, target));
        fault(proxy, at, first);
        done = is_done(*runner, first, target);
      }
      const bool was_cut = proxy.faults() > 0;
      proxy.forward_all();
      const bool looks_up = at % 2 == 0;
      const std::unique_ptr<TargetRunner> other = make();
      finish(looks_up && !done ? *runner : *other, cluster().conninfo(database), target, looks_up && !done);
      EXPECT_EQ(state_of(observer, target.schema), reference_);
      observer.exec("DROP SCHEMA " + target.schema + " CASCADE");
      if (!was_cut || HasFailure()) {
        EXPECT_GT(at, 20) << "there was nothing to cut";
        return;
      }
    }
  }

  MakeRunner plain_runners() {
    return [this] { return std::make_unique<driver::PlainRunner>(store(), request(Direction::up, "head")); };
  }
  MakeRunner calling_runners() {
    return [this] { return std::make_unique<driver::CalledRunner>(store(), request(Direction::up, "head")); };
  }

  static void cut(FaultProxy& proxy, int at, const driver::Connection&) { proxy.decide(at_nth(at, Fate::cut, every)); }

 private:
  std::string reference_;
};

TEST_F(DriverCuts, OfPlainSql) {
  load_files(false);
  cut_at_many(plain(), plain_name(), plain_runners(), cut, 3);
}

TEST_F(DriverCuts, OfCalls) {
  load_files(false);
  cut_at_many(control(), database(), calling_runners(), cut, 1);
}

TEST_F(DriverCuts, OfMigrationsOutsideOfTransactions) {
  load_files(true);
  cut_at_many(plain(), plain_name(), plain_runners(), cut, 7);
}

TEST_F(DriverCuts, WithinMessages) {
  load_files(true);
  const auto cut_within = [](FaultProxy& proxy, int at, const driver::Connection&) {
    proxy.decide(at_nth(at, Fate::cut_within, every));
  };
  cut_at_many(plain(), plain_name(), plain_runners(), cut_within, 31);
}

/// The server ends the session, and says so, at any message.
TEST_F(DriverCuts, ByTheServer) {
  load_files(true);
  const auto terminate = [this](FaultProxy& proxy, int at, const driver::Connection& session) {
    proxy.decide([pid = std::to_string(session.backend_pid()), at, seen = 0,
                  killer = std::make_shared<Connection>(connect())](const Message& message) mutable {
      if (!every(message) || ++seen != at) return Fate::forward;
      killer->query("SELECT pg_terminate_backend($1::int, 30000)", {pid});
      // Nothing of it is lost on the way; the fault counts.
      return Fate::cut_behind;
    });
  };
  cut_at_many(plain(), plain_name(), plain_runners(), terminate, 19);
}

}  // namespace
}  // namespace tenancy::test
