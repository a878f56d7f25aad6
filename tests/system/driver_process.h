// The driver as people run it: a process with arguments, an environment, an exit code.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace tenancy::test {

/// Exit codes, as README promises them.
inline constexpr int kDone = 0;
inline constexpr int kTargetsFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kStopped = 3;
inline constexpr int kCannotConnect = 4;

/// It dies with the thread that started it.
class DriverProcess {
 public:
  /// Starts `tenancy ARGUMENTS…` in a folder of its own, or in `folder`, with only these variables of the environment
  /// besides PATH: "NAME=value".
  explicit DriverProcess(const std::vector<std::string>& arguments, const std::filesystem::path& folder = {},
                         const std::vector<std::string>& variables = {});
  /// Kills it if it runs.
  ~DriverProcess();
  DriverProcess(const DriverProcess&) = delete;
  DriverProcess& operator=(const DriverProcess&) = delete;

  void send(int signal) const;
  /// Waits for its end. The exit code; of a process that a signal killed, minus the signal.
  int wait();

  /// What it has written so far.
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string error() const;
  /// Waits until it has written this to either. Throws std::runtime_error when it ends without, or the time is over.
  void wait_until_it_says(const std::string& text);
  /// The most memory that it had, in kB; after wait().
  [[nodiscard]] long peak_memory() const noexcept { return peak_memory_; }

 private:
  bool has_ended();
  [[nodiscard]] std::string everything() const { return output() + error(); }

  std::filesystem::path own_folder_;
  pid_t process_ = 0;
  int status_ = 0;
  long peak_memory_ = 0;
};

}  // namespace tenancy::test
