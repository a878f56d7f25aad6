#include "driver/apply/script.h"

#include <algorithm>

#include "core/error.h"
#include "core/statement_refusal.h"
#include "core/utf8.h"

namespace tenancy::driver {

Script::Script(core::SqlSection section, std::string filename)
    : section_(std::move(section)), filename_(std::move(filename)) {
  for (const core::SqlStatement& source : core::split_statements(section_.sql)) {
    statements_.push_back({source, core::SqlKind(source.text)});
    writes_data_ = writes_data_ || statements_.back().kind.may_write_data();
    adds_enum_value_ = adds_enum_value_ || statements_.back().kind.adds_enum_value();
  }
}

std::string Script::place(std::size_t offset) const {
  const std::string line = "line " + std::to_string(section_.line_at(offset));
  return filename_.empty() ? line : filename_ + " " + line;
}

std::string Script::name(const Statement& statement, int position) const {
  const std::size_t characters = position > 0 ? static_cast<std::size_t>(position) - 1 : 0;
  const std::size_t bytes = core::first_characters(statement.source.text, characters).size();
  return "statement " + std::to_string(statement.source.number) + " (" + place(statement.source.offset + bytes) + ")";
}

void Script::check(bool transactional, bool confined) const {
  for (const Statement& statement : statements_) {
    const core::StatementRefusal found = core::refusal(statement.kind, transactional, confined);
    if (found.is_empty()) continue;
    throw core::Error(core::ErrorKind::bad_statement,
                      place(statement.source.offset) + ": " + found.message(statement.source.number),
                      std::string(found.hint));
  }
}

void Script::check_session() const {
  for (const Statement& statement : statements_) {
    const std::string_view command = statement.kind.session_command();
    if (command.empty()) continue;
    throw core::Error(core::ErrorKind::bad_statement,
                      name(statement) + ": a migration cannot run " + std::string(command));
  }
}

}  // namespace tenancy::driver
