#include "driver/output/stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <system_error>
#include <thread>

#include "driver/output/broken_pipe.h"

namespace tenancy::driver {
namespace {

class Pipe : public testing::Test {
 protected:
  Pipe() {
    if (pipe(ends_.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  }
  ~Pipe() override {
    close_reader();
    close(ends_[1]);
  }
  void close_reader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

TEST_F(Pipe, TakesAllOfATextAlsoWhenItIsFullForAWhile) {
  fcntl(ends_[1], F_SETFL, O_NONBLOCK);
  const std::string text(1'000'000, 'x');
  std::thread writer([&] {
    FileStream(ends_[1]).write(text);
    close(ends_[1]);
  });
  std::string read_text;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = read(ends_[0], buffer.data(), buffer.size())) > 0;) {
    read_text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  writer.join();
  ends_[1] = -1;
  EXPECT_EQ(read_text, text);
}

TEST_F(Pipe, IsAnErrorWhenTheReaderHasGone) {
  ignore_broken_pipes();
  close_reader();
  try {
    FileStream(ends_[1]).write("text");
    ADD_FAILURE() << "nobody has read it";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::broken_pipe);
  }
}

TEST(BrokenPipeDeathTest, EndsTheProcessAsTheSignalWould) {
  ignore_broken_pipes();
  EXPECT_EXIT(end_by_broken_pipe(), testing::KilledBySignal(SIGPIPE), "^$");
}

}  // namespace
}  // namespace tenancy::driver
