// Programs that tests run as the user that servers run as: the owner of the place that `.ci/cluster` made.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace tenancy::test {

/// A folder that `.ci/cluster PLACE env` names. Throws std::runtime_error when it does not.
std::filesystem::path from_environment(const char* name);

void give_to_owner(const std::filesystem::path& path);

/// Starts a program as the owner of the place. It gets `signal_at_our_end` when our thread ends; its output
/// goes to the end of `log`.
pid_t spawn_as_owner(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                     int signal_at_our_end);

/// Runs a program to its end. Throws std::runtime_error when it fails.
void run_as_owner(const std::vector<std::string>& arguments, const std::filesystem::path& log);

/// Waits a minute. Throws std::runtime_error when the condition does not come true.
void wait_for_condition(const std::function<bool()>& condition, const std::string& what);

}  // namespace tenancy::test
