// A hybrid fleet for tests of the driver: schemas and databases on the control database's cluster, and databases on
// another one.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/system/cluster.h"
#include "tests/system/driver_process.h"

namespace tenancy::test {

/// Each migration writes down in its target that it was applied, so that one that is applied twice shows.
class FleetTest : public DatabaseTest {
 protected:
  /// The cluster "eu", which the control database knows under that name.
  static Cluster& other_cluster();

  void add_migrations(const std::vector<std::string>& versions);
  /// The migration waits, in schemas of the control database, while the test holds the gate.
  void add_gated_migration(const std::string& version);
  void hold_gate();
  void open_gate() { gate_.reset(); }
  /// Until so many targets wait at the gate.
  void wait_at_gate(int targets);

  /// Tenants without anything in them: t1, t2, …
  void add_schemas(int count);
  void add_databases(int count);
  void add_databases_on_other(int count);
  void register_other(const std::string& conninfo);
  /// Sessions with the databases of tenants, in the order in which they were added.
  [[nodiscard]] std::vector<Connection> connect_to_databases() const;

  /// Drivers find the control database without further words.
  [[nodiscard]] std::vector<std::string> words(std::vector<std::string> arguments) const;
  [[nodiscard]] DriverProcess start(const std::vector<std::string>& arguments) const {
    return DriverProcess(words(arguments));
  }

  /// Every target is exactly as one that the extension has made, and every migration was applied there once.
  void expect_fleet_is_complete();
  /// The schemas where this version is applied.
  int count_applied(const std::string& version);

  std::optional<std::string> control_conninfo_{};  ///< another way to the control database

 private:
  struct Made {
    Cluster* cluster;
    std::string database;
  };
  /// It goes with its cluster: DROP DATABASE takes long, for it waits for a checkpoint.
  void make_database(Cluster& cluster, const std::string& name);

  std::vector<std::string> versions_{};
  int schemas_ = 0;
  std::vector<Made> databases_{};  ///< of tenants
  int references_ = 0;
  std::optional<Connection> gate_{};
};

}  // namespace tenancy::test
