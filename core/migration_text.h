// The text of a migration file: header options, sections, and what is kept of them.
#pragma once

#include <string_view>

#include "core/migration.h"
#include "core/section_marker.h"

namespace tenancy::core {

/// Reads the text of an up file, or of one that holds both directions when there are `rules`, into `migration`, whose
/// filename must be set. Returns the line of the header that gives the version, or 0.
/// Throws Error(bad_file, bad_value) with file and line.
int read_up_text(std::string_view text, const MarkerRules* rules, Migration& migration);

/// Reads the text of a down file. Throws Error(bad_file) for options in it.
void read_down_text(std::string_view text, Migration& migration);

}  // namespace tenancy::core
