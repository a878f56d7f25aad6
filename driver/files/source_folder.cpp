#include "driver/files/source_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "core/ascii.h"
#include "driver/command/failure.h"

namespace tenancy::driver {

namespace fs = std::filesystem;

namespace {

constexpr int kDeepest = 16;  // folders in folders; deeper is a link to a folder above

[[noreturn]] void refuse(const fs::path& path, const std::string& why, std::string hint = {}) {
  throw UsageError(fmt::format("cannot read {}: {}", path.string(), why), std::move(hint));
}

std::string last_error() { return std::generic_category().message(errno); }

std::string read_file(const fs::path& path) {
  std::error_code error;
  std::uintmax_t const size = fs::file_size(path, error);
  if (error) refuse(path, error.message());
  if (size > kLargestFile) {
    refuse(path, fmt::format("it has {} MB, and a migration file at most {}", size >> 20, kLargestFile >> 20),
           "Load data by other means, such as COPY.");
  }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string content(size, '\0');
  if (stream) stream.read(content.data(), static_cast<std::streamsize>(size));
  if (!stream || static_cast<std::uintmax_t>(stream.gcount()) != size) refuse(path, last_error());
  return content;
}

bool has_sql_suffix(std::string_view name) {
  constexpr std::string_view suffix = ".sql";
  return name.size() > suffix.size() &&
         core::ascii::equals_ignoring_case(name.substr(name.size() - suffix.size()), suffix);
}

class Walk {
 public:
  Walk(SourceFolder& result, std::span<const fs::path> except) : result_(result) {
    for (const fs::path& folder : except) except_.push_back(fs::weakly_canonical(folder));
  }

  void folder(const fs::path& folder, const std::string& prefix, int depth) {
    if (depth > kDeepest) {
      refuse(folder, "folders lie too deep in each other", "Is there a link to a folder above it?");
    }
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    if (error) refuse(folder, error.message());
    for (const fs::directory_entry& entry : entries) {
      std::string const name = entry.path().filename().string();
      if (!name.starts_with('.')) this->entry(entry, prefix + name, depth);
    }
  }

 private:
  void entry(const fs::directory_entry& entry, const std::string& name, int depth) {
    std::error_code error;
    bool const is_sql = core::is_migration_file(name);
    fs::file_status const status = entry.status(error);
    if (status.type() == fs::file_type::not_found && is_sql) refuse(entry.path(), "it links to nothing");
    if (fs::is_directory(status)) {
      if (std::find(except_.begin(), except_.end(), fs::weakly_canonical(entry.path())) != except_.end()) return;
      folder(entry.path(), name + '/', depth + 1);
    } else if (is_sql) {
      if (!fs::is_regular_file(status)) refuse(entry.path(), error ? error.message() : "it is no file");
      result_.files.push_back({name, read_file(entry.path())});
    } else if (has_sql_suffix(name)) {
      result_.ignored.push_back(name);
    }
  }

  SourceFolder& result_;
  std::vector<fs::path> except_;
};

}  // namespace

SourceFolder read_source_folder(const fs::path& folder, std::span<const fs::path> except) {
  std::error_code error;
  fs::file_status const status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    throw UsageError(fmt::format("there is no folder {}", folder.string()),
                     "Name the folder of the migration files, or set migrations = \"…\" in tenancy.toml; tenancy init "
                     "makes both.");
  }
  if (!fs::is_directory(status)) refuse(folder, error ? error.message() : "it is no folder");
  SourceFolder result;
  Walk(result, except).folder(folder, {}, 0);
  std::sort(result.files.begin(), result.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::sort(result.ignored.begin(), result.ignored.end());
  return result;
}

void write_new_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error) throw UsageError(fmt::format("cannot make folder {}: {}", path.parent_path().string(), error.message()));
  int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) throw UsageError(fmt::format("cannot write {}: {}", path.string(), last_error()));
  std::string failure;
  while (!text.empty() && failure.empty()) {
    ssize_t const written = ::write(file, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      failure = last_error();
    }
  }
  if (::close(file) != 0 && failure.empty()) failure = last_error();
  if (!failure.empty()) throw UsageError(fmt::format("cannot write {}: {}", path.string(), failure));
}

}  // namespace tenancy::driver
