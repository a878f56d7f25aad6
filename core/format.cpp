#include "core/format.h"

#include <array>
#include <string>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"

namespace tenancy::core {

namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 13> kNames{
    "own",    "golang-migrate", "dbmate", "goose",           "sql-migrate", "flyway", "diesel",
    "prisma", "rails",          "django", "node-pg-migrate", "sqitch",      "pop"};

}  // namespace

std::string_view to_string(Format format) noexcept { return kNames[static_cast<std::size_t>(format)]; }

Format parse_format(std::string_view text) {
  for (std::size_t index = 0; index < kNames.size(); ++index) {
    if (ascii::equals_ignoring_case(text, kNames[index])) return static_cast<Format>(index);
  }
  std::string names;
  for (const std::string_view name : kNames) {
    if (!names.empty()) names += name == kNames.back() ? " and " : ", ";
    names += name;
  }
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is not a format of migration files",
              "The formats are " + names + ".");
}

}  // namespace tenancy::core
