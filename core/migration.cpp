#include "core/migration.h"

#include <algorithm>
#include <array>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"

namespace tenancy::core {

namespace {

constexpr std::array<Scope, 3> kScopes{Scope::shared, Scope::tenant, Scope::both};
constexpr std::size_t kMaxSetNameLength = 63;

}  // namespace

std::string_view to_string(Scope scope) noexcept {
  switch (scope) {
    case Scope::shared:
      return "public";
    case Scope::tenant:
      return "tenant";
    case Scope::both:
      return "both";
  }
  return {};
}

Scope parse_scope(std::string_view text) {
  for (const Scope scope : kScopes) {
    if (ascii::equals_ignoring_case(text, to_string(scope))) return scope;
  }
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is not a scope", "A scope is public, tenant or both.");
}

std::string_view to_string(TargetKind kind) noexcept {
  switch (kind) {
    case TargetKind::shared:
      return "shared";
    case TargetKind::tenant:
      return "tenant";
    case TargetKind::combined:
      return "combined";
  }
  return "";
}

TargetKind parse_target_kind(std::string_view text) {
  for (const TargetKind kind : {TargetKind::shared, TargetKind::tenant, TargetKind::combined}) {
    if (text == to_string(kind)) return kind;
  }
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is not a kind of target",
              "The kinds are shared, tenant and combined.");
}

std::string_view to_string(VariableSyntax syntax) noexcept {
  switch (syntax) {
    case VariableSyntax::none:
      return "off";
    case VariableSyntax::braces:
      return "on";
    case VariableSyntax::dollar:
      return "flyway";
  }
  return {};
}

std::optional<bool> parse_switch(std::string_view text) noexcept {
  for (const std::string_view on : {"on", "true", "yes"}) {
    if (ascii::equals_ignoring_case(text, on)) return true;
  }
  for (const std::string_view off : {"off", "false", "no"}) {
    if (ascii::equals_ignoring_case(text, off)) return false;
  }
  return std::nullopt;
}

VariableSyntax parse_variable_syntax(std::string_view text) {
  if (ascii::equals_ignoring_case(text, to_string(VariableSyntax::dollar))) return VariableSyntax::dollar;
  if (const auto on = parse_switch(text)) return *on ? VariableSyntax::braces : VariableSyntax::none;
  throw Error(ErrorKind::bad_value, quoted_text(text) + " does not say how variables are written",
              "Write on for {{ name }}, flyway for ${name}, or off.");
}

int SqlSection::line_at(std::size_t offset) const noexcept {
  const auto line_ends = [this](std::size_t begin, std::size_t end) {
    const auto at = [this](std::size_t place) { return sql.begin() + static_cast<std::ptrdiff_t>(place); };
    return static_cast<int>(std::count(at(begin), at(end), '\n'));
  };
  int line = first_line + line_ends(0, offset);
  for (const Replacement& one : replacements) {
    if (one.begin > offset) break;
    line -= line_ends(one.begin, std::min(one.end, offset));
    if (one.end <= offset) line += one.source_lines;
  }
  return line;
}

bool is_set_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxSetNameLength || !ascii::is_lower(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return ascii::is_lower(c) || ascii::is_digit(c) || c == '_' || c == '-'; });
}

}  // namespace tenancy::core
