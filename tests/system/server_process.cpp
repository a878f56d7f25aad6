#include "tests/system/server_process.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace tenancy::test {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kPatience{60};

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

}  // namespace

fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    throw std::runtime_error(std::string(name) + " is not set: run the test with `.ci/cluster check env`");
  }
  return value;
}

void give_to_owner(const fs::path& path) {
  if (geteuid() != 0) return;
  const struct stat to = owner();
  check(chown(path.c_str(), to.st_uid, to.st_gid) == 0, path);
}

pid_t spawn_as_owner(const std::vector<std::string>& arguments, const fs::path& log, int signal_at_our_end) {
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

void run_as_owner(const std::vector<std::string>& arguments, const fs::path& log) {
  const pid_t child = spawn_as_owner(arguments, log, SIGKILL);
  int status = 0;
  check(waitpid(child, &status, 0) == child, "waitpid");
  if (status != 0) throw std::runtime_error(arguments.front() + " failed; see " + log.string());
}

void wait_for_condition(const std::function<bool()>& condition, const std::string& what) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("timed out: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace tenancy::test
