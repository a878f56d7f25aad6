#include "core/format_detection.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "core/ascii.h"
#include "core/error.h"
#include "core/file_name.h"
#include "core/format_name.h"
#include "core/prisma.h"
#include "core/section_marker.h"
#include "core/sqitch.h"
#include "core/sql_scanner.h"

namespace tenancy::core {

namespace {

constexpr std::array kFormatsWithMarkers{Format::own, Format::dbmate, Format::goose, Format::sql_migrate,
                                         Format::node_pg_migrate};

/// What a sign was found in.
struct Sign {
  Format format;
  const SourceFile* file;
  int line = 0;
};

/// The format whose name alone this can be.
std::optional<Format> format_of_name(std::string_view name) {
  const std::string_view base = split_path(name).base;
  if (base == kSqitchPlan) return Format::sqitch;
  if (base == kPrismaLock || parse_format_name(Format::prisma, name)) return Format::prisma;
  if (parse_format_name(Format::flyway, name)) return Format::flyway;
  const std::optional<FormatName> pop = parse_format_name(Format::pop, name);
  if (pop && (!pop->dialect.empty() || !pop->transactional)) return Format::pop;
  return std::nullopt;
}

class Detector {
 public:
  void read(const SourceFile& file) {
    if (is_hidden(file.name)) return;
    if (const auto format = format_of_name(file.name)) return add({*format, &file});
    const std::optional<FileName> name = parse_file_name(file.name);
    if (!name) return;
    if (name->part == FilePart::whole) return read_markers(file);
    const Sign sign{Format::own, &file};
    if (name->identity.ends_with('/')) {
      if (!folder_) folder_ = sign;
    } else if (!pair_) {
      pair_ = sign;
    }
  }

  [[nodiscard]] Format result() const {
    if (!first_) return Format::own;
    const Format format = first_->format;
    const bool knows_pairs = format == Format::own || format == Format::pop || format == Format::node_pg_migrate;
    if (second_) refuse(*first_, *second_);
    if (folder_ && format != Format::own) refuse(*first_, *folder_);
    if (pair_ && !knows_pairs) refuse(*first_, *pair_);
    return format;
  }

 private:
  void read_markers(const SourceFile& file) {
    SqlScanner scanner{file.content};
    while (const auto line = scanner.next()) {
      if (!line->plain) continue;
      const std::string_view comment = comment_of(line->text);
      if (comment.empty()) continue;
      for (const Format format : kFormatsWithMarkers) {
        if (marker_rules(format)->mentions(comment)) add({format, &file, line->number});
      }
    }
  }

  void add(const Sign& sign) {
    if (!first_) first_ = sign;
    if (!second_ && sign.format != first_->format) second_ = sign;
  }

  [[noreturn]] static void refuse(const Sign& one, const Sign& other) {
    const auto described = [](const Sign& sign) {
      const std::string line = sign.line > 0 ? " line " + std::to_string(sign.line) : "";
      return sign.file->name + line + " is of " +
             (sign.format == Format::own ? "our own format" : std::string{to_string(sign.format)});
    };
    throw Error(ErrorKind::bad_file, "files of two formats: " + described(one) + ", " + described(other),
                "Say which format it is (the argument or option \"format\"), or put them into folders of their own.",
                other.file->name, other.line);
  }

  std::optional<Sign> first_;   ///< of the format that the files are of
  std::optional<Sign> second_;  ///< of another format
  std::optional<Sign> pair_;    ///< NNN_name.up.sql, which several formats know
  std::optional<Sign> folder_;  ///< NNN_name/up.sql
};

}  // namespace

Format detect_format(std::span<const SourceFile* const> files) {
  const bool has_plan = std::any_of(files.begin(), files.end(),
                                    [](const SourceFile* file) { return split_path(file->name).base == kSqitchPlan; });
  Detector detector;
  for (const SourceFile* file : files) {
    // The plan names the scripts: what they are called tells nothing.
    if (!has_plan || !is_sqitch_script(file->name)) detector.read(*file);
  }
  return detector.result();
}

}  // namespace tenancy::core
