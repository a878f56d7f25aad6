// Where output goes.
#pragma once

#include <string_view>

namespace tenancy::driver {

/// Takes text at once: nothing is held back.
class Stream {
 public:
  virtual ~Stream() = default;
  /// All of it. Throws std::system_error: std::errc::broken_pipe when the reader has gone
  /// (see broken_pipe.h).
  virtual void write(std::string_view text) = 0;
};

/// An open file that is somebody else's to close, such as standard output. One write() for a text, when the file takes
/// it in one.
class FileStream : public Stream {
 public:
  explicit FileStream(int file) noexcept : file_(file) {}
  void write(std::string_view text) override;
  [[nodiscard]] int file() const noexcept { return file_; }

 private:
  int file_;
};

}  // namespace tenancy::driver
