#include "tests/system/driver_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace tenancy::test {

namespace {

std::string contents(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

void redirect(const std::filesystem::path& file, int descriptor) {
  int const opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (opened < 0 || dup2(opened, descriptor) < 0) _exit(125);
}

}  // namespace

DriverProcess::DriverProcess(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                             const std::vector<std::string>& variables) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tenancy-driver.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), pattern);
  own_folder_ = pattern;
  std::vector<std::string> words{TENANCY_DRIVER};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = variables;
  environment.push_back(std::string("PATH=") + getenv("PATH"));
  std::vector<char*> const argv = pointers(words);
  std::vector<char*> const envp = pointers(environment);
  const std::filesystem::path home = folder.empty() ? own_folder_ : folder;
  process_ = fork();
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (process_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  redirect(own_folder_ / "output", STDOUT_FILENO);
  redirect(own_folder_ / "error", STDERR_FILENO);
  if (chdir(home.c_str()) != 0) _exit(126);
  execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

DriverProcess::~DriverProcess() {
  if (!has_ended()) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  std::filesystem::remove_all(own_folder_);
}

bool DriverProcess::has_ended() {
  if (process_ == 0) return true;
  rusage usage{};
  if (wait4(process_, &status_, WNOHANG, &usage) != process_) return false;
  process_ = 0;
  peak_memory_ = usage.ru_maxrss;
  return true;
}

void DriverProcess::send(int signal) const {
  if (process_ != 0) kill(process_, signal);
}

int DriverProcess::wait() {
  if (process_ != 0) {
    rusage usage{};
    if (wait4(process_, &status_, 0, &usage) < 0) throw std::system_error(errno, std::generic_category(), "wait4");
    process_ = 0;
    peak_memory_ = usage.ru_maxrss;
  }
  return WIFSIGNALED(status_) ? -WTERMSIG(status_) : WEXITSTATUS(status_);
}

std::string DriverProcess::output() const { return contents(own_folder_ / "output"); }

std::string DriverProcess::error() const { return contents(own_folder_ / "error"); }

void DriverProcess::wait_until_it_says(const std::string& text) {
  auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (everything().find(text) == std::string::npos) {
    bool const is_over = has_ended() || std::chrono::steady_clock::now() > limit;
    if (is_over && everything().find(text) == std::string::npos) {
      throw std::runtime_error("the driver did not say \"" + text + "\" but:\n" + everything());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace tenancy::test
