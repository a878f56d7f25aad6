// The text of a migration file: header options, sections, and what is kept of them.
#pragma once

#include <string_view>

#include "core/migration.h"
#include "core/section_marker.h"

namespace tenancy::core {

/// How a tool takes the text of an up file, or of one that holds both directions.
struct TextRules {
  /// Which files the tool runs without a transaction when these hold what cannot run in one, and nothing in them says
  /// whether they have one.
  enum class Detached { none, lone_statement, any_statement };

  const MarkerRules* markers = nullptr;  ///< none: the name says which direction it is
  Detached detached = Detached::none;
  bool may_be_empty = false;
};

/// Reads the text into `migration`, whose filename must be set. Returns the line of the header that gives the version,
/// or 0. Throws Error(bad_file, bad_value) with file and line.
int read_up_text(std::string_view text, const TextRules& rules, Migration& migration);

/// Reads the text of a down file. Throws Error(bad_file) for options in it.
void read_down_text(std::string_view text, Migration& migration);

}  // namespace tenancy::core
