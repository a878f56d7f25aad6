// A PgBouncer in front of a cluster, for tests.
//
// It pools transactions: a session of a client has a server's session for as long as a transaction lasts. Its files are
// in the cluster's folder, and it ends with its test as the cluster does.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/system/cluster.h"

namespace tenancy::test {

class Pooler {
 public:
  /// Settings as in pgbouncer.ini: `Pooler pooler(cluster, {{"default_pool_size", "2"}});`. Throws std::runtime_error,
  /// with its log, when it does not start.
  explicit Pooler(const Cluster& cluster, std::initializer_list<Setting> settings = {});
  ~Pooler();
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  [[nodiscard]] std::string conninfo(const std::string& database) const;
  [[nodiscard]] std::string log() const;

 private:
  void write_files(const Cluster& cluster, const std::vector<Setting>& settings) const;
  bool has_ended();

  std::filesystem::path folder_;
  pid_t process_ = 0;
};

}  // namespace tenancy::test
