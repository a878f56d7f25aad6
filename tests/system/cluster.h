// A real PostgreSQL cluster with the extension installed, for tests.
//
// The binaries must be run by `.ci/cluster PLACE env …`, which says in the environment where the private
// installation is. Servers listen on a Unix socket only and run as the owner of the place. No server
// survives its test: the kernel stops it when the thread that started it ends, however that happens.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/system/connection.h"

namespace tenancy::test {

/// As in postgresql.conf.
struct Setting {
  std::string name;
  std::string value;
};

enum class StopMode { fast, immediate };

class Cluster {
 public:
  /// Makes the data folder and starts the server: `Cluster cluster{{"max_worker_processes", "3"}};`. Throws
  /// std::runtime_error, with the server's log, when it does not start.
  explicit Cluster(std::initializer_list<Setting> settings = {});
  /// Stops the server and deletes its files.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  void start();
  /// Waits until the server has ended; what else it started (background workers, …) has ended then too.
  void stop(StopMode mode = StopMode::fast);
  void restart(StopMode mode = StopMode::fast);
  /// Kills the postmaster and waits until its children have noticed.
  void crash();

  /// Settings hold from the next start.
  void set(const std::string& name, const std::string& value) { settings_.push_back({name, value}); }

  /// A new database with the extension in it; its name.
  std::string create_database();
  void drop_database(const std::string& name);

  [[nodiscard]] Connection connect(const std::string& database = "postgres") const;
  [[nodiscard]] std::string conninfo(const std::string& database = "postgres") const;
  /// Where its Unix socket is.
  [[nodiscard]] const std::filesystem::path& sockets() const noexcept { return socket_; }
  [[nodiscard]] pid_t postmaster_pid() const noexcept { return postmaster_; }
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
  [[nodiscard]] std::string log() const;

 private:
  void wait_until_ready();
  [[nodiscard]] std::string port() const;
  /// Reaps the postmaster if it has ended; true when it has.
  bool has_ended();

  std::filesystem::path folder_;
  std::filesystem::path socket_;
  std::vector<Setting> settings_;
  pid_t postmaster_ = 0;
  int databases_ = 0;
};

/// A test with a fresh database on the cluster that all tests of the binary share.
class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest();
  ~DatabaseTest() override;

  /// Made at the first call and stopped behind the last test. A test that wants other settings, or that
  /// breaks the server, makes a Cluster of its own.
  static Cluster& cluster();

  [[nodiscard]] const std::string& database() const noexcept { return database_; }
  [[nodiscard]] Connection connect() const { return cluster().connect(database_); }

 private:
  std::string database_;
};

}  // namespace tenancy::test
