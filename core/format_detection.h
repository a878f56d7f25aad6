// Finds out which tool's migrations files are.
#pragma once

#include <span>

#include "core/format.h"
#include "core/migration_file.h"

namespace tenancy::core {

/// The format of these files, which lie in one folder. Names tell flyway, prisma, pop and sqitch; marker lines tell
/// dbmate, goose, sql-migrate and node-pg-migrate; what bears no sign of another tool is our own, which also reads the
/// files of golang-migrate, Diesel, Rails and Django. Throws Error(bad_file) naming a file of each when there are signs
/// of two.
[[nodiscard]] Format detect_format(std::span<const SourceFile* const> files);

}  // namespace tenancy::core
