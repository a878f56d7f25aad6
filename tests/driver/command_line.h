// The application, run as a shell would run it, in this process.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "driver/command/application.h"
#include "tests/driver/temporary_folder.h"

namespace tenancy::driver {

/// Works in a folder of its own; that of the process is put back.
class CommandLine {
 public:
  CommandLine() : before_(std::filesystem::current_path()) { std::filesystem::current_path(folder_.path()); }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine() { std::filesystem::current_path(before_); }

  /// The exit code.
  int run(std::vector<std::string> words) {
    words.insert(words.begin(), "tenancy");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    int const exit_code = run_application(static_cast<int>(words.size()), arguments.data());
    output_ = ::testing::internal::GetCapturedStdout();
    errors_ = ::testing::internal::GetCapturedStderr();
    return exit_code;
  }

  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] const std::string& output() const { return output_; }
  [[nodiscard]] const std::string& errors() const { return errors_; }

 private:
  TemporaryFolder folder_;
  std::filesystem::path before_;
  std::string output_;
  std::string errors_;
};

}  // namespace tenancy::driver
