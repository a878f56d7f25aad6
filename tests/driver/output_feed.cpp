// An operation on the terminal that goes on by keys, for tests that look at the screen.
//
//   b: begins, with 10 targets   d: a second passes, and a target is done    f: a target fails
//   s: one has been running for a minute    r: draws again    e: ends    x: an exception ends it
#include "tests/driver/output_feed.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

#include "driver/output/console.h"

namespace tenancy::driver {
namespace {

using namespace std::chrono_literals;

/// Keys come at once, and do not show.
void read_keys_raw() {
  termios settings{};
  if (tcgetattr(STDIN_FILENO, &settings) != 0) throw std::runtime_error("standard input is not a terminal");
  settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

void say_ready() {
  std::puts("$ tenancy upgrade");
  std::fflush(stdout);
}

void obey(char key, Reporter& reporter, HandClock& time) {
  switch (key) {
    case 'b':
      reporter.begin(kUpgrade);
      reporter.found(10, true);
      break;
    case 'd':
      time.turn(1s);
      reporter.finished(done("acme"));
      break;
    case 'f':
      time.turn(1s);
      reporter.finished(failed("株式会社\x1b[2J"));
      break;
    case 's':
      reporter.started(tenant("initech"));
      time.turn(1min);
      break;
    case 'e':
      reporter.end({.end = Summary::End::failures, .targets = 10, .migrated = 9, .failed = 1, .duration = 10s});
      return;
    case 'x':
      throw std::runtime_error("something broke");
    default:
      break;
  }
  reporter.refresh();
}

void run() {
  read_keys_raw();
  say_ready();
  HandClock time;
  Console console = standard_console(ColorMode::never);
  console.clock = time.clock();
  const auto reporter = make_reporter({}, console);
  for (int key = std::getchar(); key != EOF; key = std::getchar()) obey(static_cast<char>(key), *reporter, time);
}

}  // namespace
}  // namespace tenancy::driver

int main() {
  try {
    tenancy::driver::run();
  } catch (const std::exception& error) {
    std::printf("error: %s\n", error.what());
    return 1;
  }
}
