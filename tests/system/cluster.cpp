#include "tests/system/cluster.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/system/server_process.h"

namespace tenancy::test {
namespace {

namespace fs = std::filesystem;

std::vector<pid_t> children_of(pid_t parent) {
  const std::string process = std::to_string(parent);
  std::ifstream file("/proc/" + process + "/task/" + process + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

/// A process that nobody has reaped yet has ended too.
bool is_running(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.compare(name_end, 3, ") Z") != 0;
}

std::unique_ptr<Cluster>& shared_cluster() {
  static std::unique_ptr<Cluster> cluster;
  return cluster;
}

/// Stops the shared cluster while the tests' program is still whole.
class SharedClusterEnd : public testing::Environment {
 public:
  void TearDown() override { shared_cluster().reset(); }
};

// GoogleTest owns it.
[[maybe_unused]] const testing::Environment* const kSharedClusterEnd =
    testing::AddGlobalTestEnvironment(new SharedClusterEnd);

}  // namespace

Cluster::Cluster(std::initializer_list<Setting> settings) : settings_(settings) {
  const fs::path place = from_environment("TENANCY_PLACE");
  std::string name = (place / "test.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
  folder_ = name;
  // A socket's path has at most 107 bytes: when the place's name is long, this is another folder.
  socket_ = from_environment("TENANCY_SOCKETS") / folder_.filename();
  try {
    fs::create_directories(socket_);
    give_to_owner(folder_);
    give_to_owner(socket_);
    run_as_owner({"/bin/cp", "-a", (place / "template").string(), data().string()}, folder_ / "server.log");
    start();
  } catch (...) {
    fs::remove_all(folder_);
    fs::remove_all(socket_);
    throw;
  }
}

Cluster::~Cluster() {
  std::error_code ignored;
  try {
    stop(StopMode::immediate);
  } catch (const std::exception& error) {
    ADD_FAILURE() << "the server did not stop: " << error.what();
  }
  fs::remove_all(folder_, ignored);
  fs::remove_all(socket_, ignored);
}

void Cluster::start() {
  std::vector<std::string> arguments{from_environment("TENANCY_PG_BINDIR") / "postgres", "-D", data().string()};
  std::vector<Setting> all{{"listen_addresses", ""}, {"unix_socket_directories", socket_.string()}, {"fsync", "off"}};
  all.insert(all.end(), settings_.begin(), settings_.end());
  for (const auto& [name, value] : all) {
    arguments.insert(arguments.end(), {"-c", name + "=" + value});
  }
  postmaster_ = spawn_as_owner(arguments, folder_ / "server.log", SIGINT);
  wait_until_ready();
}

void Cluster::wait_until_ready() {
  wait_for_condition(
      [this] {
        if (has_ended()) throw std::runtime_error("the server did not start:\n" + log());
        return PQping(conninfo().c_str()) == PQPING_OK;
      },
      "the start of the server");
}

bool Cluster::has_ended() {
  if (postmaster_ != 0 && waitpid(postmaster_, nullptr, WNOHANG) == postmaster_) postmaster_ = 0;
  return postmaster_ == 0;
}

void Cluster::stop(StopMode mode) {
  if (has_ended()) return;
  kill(postmaster_, mode == StopMode::fast ? SIGINT : SIGQUIT);
  wait_for_condition([this] { return has_ended(); }, "the end of the server");
}

void Cluster::restart(StopMode mode) {
  stop(mode);
  start();
}

void Cluster::crash() {
  const std::vector<pid_t> children = children_of(postmaster_);
  kill(postmaster_, SIGKILL);
  wait_for_condition([this] { return has_ended(); }, "the end of the postmaster");
  for (const pid_t child : children) {
    wait_for_condition([child] { return !is_running(child); }, "the end of process " + std::to_string(child));
  }
}

std::string Cluster::create_database() {
  std::string name = "test_" + std::to_string(++databases_);
  connect().exec("CREATE DATABASE " + name);
  connect(name).exec("CREATE EXTENSION tenancy");
  return name;
}

void Cluster::drop_database(const std::string& name) {
  connect().exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
}

Connection Cluster::connect(const std::string& database) const { return Connection(conninfo(database)); }

std::string Cluster::conninfo(const std::string& database) const {
  return "host='" + socket_.string() + "' port=" + port() + " user=postgres dbname='" + database + "'";
}

std::string Cluster::port() const {
  std::string port = "5432";
  for (const auto& [name, value] : settings_) {
    if (name == "port") port = value;
  }
  return port;
}

std::string Cluster::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_ / "server.log").rdbuf();
  return text.str();
}

DatabaseTest::DatabaseTest() : database_(cluster().create_database()) {}

DatabaseTest::~DatabaseTest() {
  try {
    cluster().drop_database(database_);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

Cluster& DatabaseTest::cluster() {
  if (!shared_cluster()) shared_cluster() = std::make_unique<Cluster>();
  return *shared_cluster();
}

}  // namespace tenancy::test
