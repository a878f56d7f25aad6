// Tests on tenants in other databases of the cluster.
#pragma once

#include "tests/system/cluster.h"

namespace tenancy::test {

/// Databases are made beside the test's own one, and dropped with it.
class Databases : public DatabaseTest {
 protected:
  ~Databases() override {
    for (const std::string& name : made_) cluster().drop_database(name);
  }

  /// An empty database, without the extension.
  void make(const std::string& name, const std::string& options = "") {
    cluster().connect().exec("CREATE DATABASE " + name + " " + options);
    made_.push_back(name);
  }

  /// Registers tenants, each with a database of the same name.
  static void add(Connection& session, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      session.query("SELECT tenancy.register_tenant($1, isolation => 'database', database => $1)", {name});
    }
  }

 private:
  std::vector<std::string> made_;
};

/// The first column.
inline std::vector<std::string> column(const Rows& rows) {
  std::vector<std::string> texts;
  for (const Row& row : rows) texts.push_back(row[0].value_or("NULL"));
  return texts;
}

}  // namespace tenancy::test
