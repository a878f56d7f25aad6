#include "tests/system/shell.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace tenancy::test {

std::string run_program(const std::string& program, const std::string& arguments) {
  const char* const folder = std::getenv("TENANCY_PG_BINDIR");
  if (folder == nullptr) throw std::runtime_error("TENANCY_PG_BINDIR is not set");
  return run_command(shell_word(std::string(folder) + "/" + program) + " " + arguments);
}

std::string run_command(const std::string& given) {
  const std::string command = given + " 2>&1";
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 65536> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), count);
  if (pclose(pipe) != 0) throw std::runtime_error(command + ":\n" + output);
  return output;
}

std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

std::string schema_definition(const std::string& conninfo, const std::string& schema) {
  const std::string dump = run_program("pg_dump", "--schema-only --no-owner -d " + shell_word(conninfo) + " -n " +
                                                      shell_word(schema) + " -T '*.schema_migrations'");
  std::istringstream lines(dump);
  std::string definition;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with("--") || line.starts_with("\\")) continue;
    replace_all(line, schema + ".", "");
    replace_all(line, "SCHEMA " + schema, "SCHEMA");
    definition += line + "\n";
  }
  return definition;
}

}  // namespace tenancy::test
