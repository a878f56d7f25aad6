#include "tests/system/cluster.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace tenancy::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{60};

fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    throw std::runtime_error(std::string(name) + " is not set: run the test with `.ci/cluster check env`");
  }
  return value;
}

void check(bool ok, const std::string& what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

/// The user that servers run as: the owner of the place.
struct stat owner() {
  struct stat status {};
  const fs::path place = from_environment("TENANCY_PLACE");
  check(stat(place.c_str(), &status) == 0, place);
  return status;
}

void give_to_owner(const fs::path& path) {
  if (geteuid() != 0) return;
  const struct stat to = owner();
  check(chown(path.c_str(), to.st_uid, to.st_gid) == 0, path);
}

/// Starts a program as the owner of the place. It gets `signal_at_our_end` when our thread ends; its output
/// goes to the end of `log`.
pid_t spawn(const std::vector<std::string>& arguments, const fs::path& log, int signal_at_our_end) {
  // Between fork and exec nothing may allocate, so all is made ready here.
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const struct stat user = owner();
  const std::string log_name = log.string();
  const pid_t parent = getpid();

  const pid_t child = fork();
  check(child >= 0, "fork");
  if (child > 0) return child;

  const int input = open("/dev/null", O_RDONLY);
  const int output = open(log_name.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  const bool is_user =
      geteuid() != 0 || (setgroups(0, nullptr) == 0 && setgid(user.st_gid) == 0 && setuid(user.st_uid) == 0);
  // A change of user clears it, so it comes after; and we may have ended before.
  prctl(PR_SET_PDEATHSIG, signal_at_our_end);
  if (is_user && getppid() == parent) execv(argv.front(), argv.data());
  _exit(127);
}

void run(const std::vector<std::string>& arguments, const fs::path& log) {
  const pid_t child = spawn(arguments, log, SIGKILL);
  int status = 0;
  check(waitpid(child, &status, 0) == child, "waitpid");
  if (status != 0) throw std::runtime_error(arguments.front() + " failed; see " + log.string());
}

void wait_for(const std::function<bool()>& condition, const std::string& what) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("timed out: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

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
  check(mkdtemp(name.data()) != nullptr, name);
  folder_ = name;
  // A socket's path has at most 107 bytes: when the place's name is long, this is another folder.
  socket_ = from_environment("TENANCY_SOCKETS") / folder_.filename();
  try {
    fs::create_directories(socket_);
    give_to_owner(folder_);
    give_to_owner(socket_);
    run({"/bin/cp", "-a", (place / "template").string(), data().string()}, folder_ / "server.log");
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
  postmaster_ = spawn(arguments, folder_ / "server.log", SIGINT);
  wait_until_ready();
}

void Cluster::wait_until_ready() {
  wait_for(
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
  wait_for([this] { return has_ended(); }, "the end of the server");
}

void Cluster::restart(StopMode mode) {
  stop(mode);
  start();
}

void Cluster::crash() {
  const std::vector<pid_t> children = children_of(postmaster_);
  kill(postmaster_, SIGKILL);
  wait_for([this] { return has_ended(); }, "the end of the postmaster");
  for (const pid_t child : children) {
    wait_for([child] { return !is_running(child); }, "the end of process " + std::to_string(child));
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
