// The driver's commands, as one line of a shell each.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/system/cluster.h"
#include "tests/system/shell.h"

namespace tenancy::test {

/// How the driver ended, and what it said.
struct Said {
  int code = -1;
  std::string output, error;

  /// Its lines of JSON.
  [[nodiscard]] std::vector<boost::json::object> objects() const {
    std::vector<boost::json::object> objects;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) objects.push_back(boost::json::parse(line).as_object());
    return objects;
  }
};

class DriverCommands : public DatabaseTest {
 protected:
  DriverCommands() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenancy-commands.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
  }
  ~DriverCommands() override { std::filesystem::remove_all(folder_); }

  /// Runs `tenancy ARGUMENTS` in the test's folder, on its database unless the arguments say otherwise.
  Said tenancy(const std::string& arguments, const std::string& input = "", const std::string& variables = "") {
    std::ofstream(folder_ / "input") << input;
    std::string const command = "cd " + shell_word(folder_.string()) + " && env -i PATH=\"$PATH\" TENANCY_DATABASE=" +
                                shell_word(cluster().conninfo(database())) + " " + variables + " " +
                                shell_word(TENANCY_DRIVER) + " " + arguments + " <input >output 2>error";
    int const status = std::system(command.c_str());
    return {WEXITSTATUS(status), contents("output"), contents("error")};
  }

  void write_file(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  std::filesystem::path folder_;

 private:
  [[nodiscard]] std::string contents(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name).rdbuf();
    return text.str();
  }
};

}  // namespace tenancy::test
