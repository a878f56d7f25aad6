// Cuts arbitrary bytes into statements, asks of each what kind it is, and checks what must hold for every input. A
// property that fails aborts, which is how libFuzzer learns of it.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql_kind.h"
#include "core/sql_scanner.h"
#include "core/sql_statements.h"
#include "core/statement_refusal.h"

namespace {

using namespace tenancy::core;

void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

std::vector<std::string> texts(std::string_view script) {
  std::vector<std::string> result;
  for (const SqlStatement& statement : split_statements(script)) result.emplace_back(statement.text);
  return result;
}

void check_places(std::string_view script) {
  std::size_t end = 0;
  int number = 0;
  for (const SqlStatement& statement : split_statements(script)) {
    require(!statement.text.empty() && statement.number == ++number, "statements are counted");
    require(statement.offset >= end, "statements do not overlap");
    end = statement.offset + statement.text.size();
    require(end <= script.size() && script.substr(statement.offset, statement.text.size()) == statement.text,
            "a statement is a part of the script");
    require(find_code(statement.text) == 0, "a statement begins with code");
  }
  require(number > 0 || !find_code(script) || script[*find_code(script)] == ';', "code belongs to a statement");
}

/// All but the last one were closed, so that they read alike in other company.
void check_company(std::string_view script) {
  const std::vector<std::string> statements = texts(script);
  std::string joined;
  for (const std::string& statement : statements) {
    require(texts(statement) == std::vector<std::string>{statement}, "a statement alone is that statement");
    joined += statement + "\n;-- ;\n";
  }
  const std::vector<std::string> again = texts(joined);
  require(again.size() >= std::min<std::size_t>(statements.size(), 1), "statements do not vanish");
  for (std::size_t i = 0; i + 1 < statements.size(); ++i) {
    require(again.at(i) == statements[i], "statements are the same in other company");
  }
}

void check_refusals(const SqlKind& kind) {
  for (const bool transactional : {true, false}) {
    for (const bool confined : {true, false}) {
      const StatementRefusal found = refusal(kind, transactional, confined);
      require(found.is_empty() || (!found.why.empty() && !found.hint.empty()), "a refusal says why, and what to do");
    }
  }
}

void check_kind(std::string_view statement) {
  const SqlKind kind(statement);
  check_refusals(kind);
  require(kind.is_concurrent() == (kind.concurrent_command() != SqlKind::Command::other), "a command is concurrent");
  require(statement.find(kind.object()) != std::string_view::npos, "an object stands in the text");
  require(statement.find(kind.second_object()) != std::string_view::npos, "a second object stands in the text");
  if (const std::optional<std::string> text = kind.transactional_text()) {
    require(text->size() == statement.size(), "positions stay the same in a transaction");
  }
  const std::string repeatable = kind.repeatable_text();
  require(repeatable.size() >= statement.size(), "nothing is taken out of what is repeated");
  require(SqlKind(repeatable).is_repeatable() == kind.is_repeatable(), "what is repeated is of the same kind");
  require(SqlKind(repeatable).repeatable_text() == repeatable, "what can be repeated stays as it is");
  (void)kind.session_command();
  (void)kind.may_write_data();
  (void)kind.is_role_setting();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view script{reinterpret_cast<const char*>(data), size};
  check_places(script);
  check_company(script);
  for (const SqlStatement& statement : split_statements(script)) check_kind(statement.text);
  return 0;
}
