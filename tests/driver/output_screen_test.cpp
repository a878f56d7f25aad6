// What people see: an operation on a real terminal, as tmux shows it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/driver/temporary_folder.h"

namespace tenancy::driver {
namespace {

using namespace std::chrono_literals;

class Screen : public testing::Test {
 protected:
  void SetUp() override {
    tmux("-f /dev/null new-session -d -x 80 -y 16 'LANG=C.UTF-8 " TENANCY_OUTPUT_FEED "; cat'");
    tmux("set-option -g window-size manual");
    expect("$ tenancy upgrade\n");
  }
  void TearDown() override { tmux("kill-server"); }

  /// What a command printed.
  static std::string shell(const std::string& command) {
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    std::string text;
    std::array<char, 4096> buffer{};
    while (const std::size_t size = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), size);
    if (pclose(pipe) != 0) throw std::runtime_error(command + ": " + text);
    return text;
  }

  /// Every test has a tmux of its own.
  std::string tmux(const std::string& command) {
    return shell("tmux -u -S " + (folder_.path() / "socket").string() + " " + command);
  }

  void keys(const std::string& keys) {
    for (const char key : keys) tmux(std::string("send-keys ") + key);
  }

  /// Until the program can know of it, too.
  void resize(int columns) {
    tmux("resize-window -x " + std::to_string(columns) + " -y 16");
    const std::string tty = tmux("display-message -p '#{pane_tty}'");
    const std::string size = "stty size -F " + tty.substr(0, tty.find('\n'));
    const std::string expected = "16 " + std::to_string(columns) + "\n";
    wait_until([&] { return shell(size) == expected; });
    EXPECT_EQ(shell(size), expected);
  }

  /// Without the empty lines at the bottom.
  std::string screen() {
    std::string text = tmux("capture-pane -p");
    while (text.ends_with("\n\n")) text.pop_back();
    return text;
  }

  /// Waits until it is so, at most half a minute.
  template <typename Condition>
  static void wait_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }

  void expect(const std::string& expected) {
    wait_until([&] { return screen() == expected; });
    EXPECT_EQ(screen(), expected);
    EXPECT_EQ(tmux("display-message -p '#{cursor_flag}'"), "1\n") << "the cursor can be seen";
  }

  /// The last line is `bar`, and of those before it nothing is left, wherever the terminal has put the other lines.
  void expect_only_bar(const std::string& bar) {
    wait_until([&] { return screen().ends_with("\n" + bar); });
    EXPECT_THAT(screen(), testing::EndsWith("\n" + bar));
    const std::string history = tmux("capture-pane -p -S -");
    EXPECT_EQ(history.find("1 done"), history.rfind("1 done")) << history;
    EXPECT_THAT(history, testing::HasSubstr("$ tenancy upgrade\n"));
  }

  TemporaryFolder folder_;
};

TEST_F(Screen, ShowsTheBarBelowWhatIsPrinted) {
  keys("bd");
  expect(R"($ tenancy upgrade
upgrade to head: app on db1.example.com, 10 targets at once
upgrade to head  █░░░░░░░░░  10 %  1 done · 9 to go · 1.0/s · 9 s left
)");
  keys("fds");
  expect(R"($ tenancy upgrade
upgrade to head: app on db1.example.com, 10 targets at once
failed: tenant "株式会社\x1b[2J": migration 002: statement 1 (002_users.sql line
 4): relation "users" does not exist (42P01)
upgrade to head  ██████░░░░░░░░░░░░░░  30 %  2 done · 1 failed · 7 to go
running tenant "initech" 1 min
)");
  keys("e");
  expect(R"($ tenancy upgrade
upgrade to head: app on db1.example.com, 10 targets at once
failed: tenant "株式会社\x1b[2J": migration 002: statement 1 (002_users.sql line
 4): relation "users" does not exist (42P01)
upgrade to head: 1 of 10 targets failed in 10 s (1.0/s)
  migrated            9
  failed              1
  1 target: migration 002: statement 1 (002_users.sql line 4): relation "users"
does not exist (42P01), tenant "株式会社\x1b[2J"
What is done stays done. Mend the failed targets and run the same command again:
 it does what is left. `tenancy status --behind` lists them.
)");
}

TEST_F(Screen, FollowsTheWidthOfTheTerminal) {
  keys("bdf");
  expect(R"($ tenancy upgrade
upgrade to head: app on db1.example.com, 10 targets at once
failed: tenant "株式会社\x1b[2J": migration 002: statement 1 (002_users.sql line
 4): relation "users" does not exist (42P01)
████░░░░░░░░░░░░░░░░  20 %  1 done · 1 failed · 8 to go · 1.0/s · 8 s left
)");
  resize(40);
  keys("r");
  expect_only_bar("20 %  1 done · 1 failed · 8 s left\n");
  resize(100);
  keys("r");
  expect_only_bar("upgrade to head  ████░░░░░░░░░░░░░░░░  20 %  1 done · 1 failed · 8 to go · 1.0/s · 8 s left\n");
}

TEST_F(Screen, IsLeftCleanByAnException) {
  keys("bdsx");
  expect(R"($ tenancy upgrade
upgrade to head: app on db1.example.com, 10 targets at once
error: something broke
)");
}

}  // namespace
}  // namespace tenancy::driver
