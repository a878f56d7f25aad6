#include "tests/system/pooler.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/system/server_process.h"

namespace tenancy::test {

namespace fs = std::filesystem;

Pooler::Pooler(const Cluster& cluster, std::initializer_list<Setting> settings) {
  // Its socket is here too, for which the cluster's folder may have too long a name.
  std::string name = (cluster.sockets() / "pooler.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
  folder_ = name;
  write_files(cluster, settings);
  process_ = spawn_as_owner({"/usr/sbin/pgbouncer", (folder_ / "pgbouncer.ini").string()}, folder_ / "log", SIGKILL);
  wait_for_condition(
      [this] {
        if (has_ended()) throw std::runtime_error("pgbouncer did not start:\n" + log());
        return PQping(conninfo("postgres").c_str()) == PQPING_OK;
      },
      "the start of pgbouncer");
}

Pooler::~Pooler() {
  if (!has_ended()) {
    kill(process_, SIGTERM);  // at once, with all its connections
    waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Pooler::write_files(const Cluster& cluster, const std::vector<Setting>& settings) const {
  std::vector<Setting> all{{"pool_mode", "transaction"}, {"listen_addr", ""},
                           {"listen_port", "5432"},      {"unix_socket_dir", folder_.string()},
                           {"auth_type", "trust"},       {"auth_file", (folder_ / "users").string()},
                           {"admin_users", "postgres"},  {"max_client_conn", "200"},
                           {"default_pool_size", "10"},  {"server_login_retry", "1"}};
  all.insert(all.end(), settings.begin(), settings.end());
  std::ofstream ini(folder_ / "pgbouncer.ini");
  ini << "[databases]\n* = host=" << cluster.sockets().string() << " port=5432\n[pgbouncer]\n";
  for (const auto& [name, value] : all) ini << name << " = " << value << "\n";
  std::ofstream users(folder_ / "users");
  users << "\"postgres\" \"\"\n";
  if (!ini.flush() || !users.flush()) throw std::runtime_error("cannot write to " + folder_.string());
  for (const fs::path& path : {folder_, folder_ / "pgbouncer.ini", folder_ / "users"}) give_to_owner(path);
}

bool Pooler::has_ended() {
  if (process_ != 0 && waitpid(process_, nullptr, WNOHANG) == process_) process_ = 0;
  return process_ == 0;
}

std::string Pooler::conninfo(const std::string& database) const {
  return "host='" + folder_.string() + "' port=5432 user=postgres dbname='" + database + "'";
}

std::string Pooler::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_ / "log").rdbuf();
  return text.str();
}

}  // namespace tenancy::test
