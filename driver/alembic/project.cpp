#include "driver/alembic/project.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <boost/process.hpp>
#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>

#include "core/ascii.h"
#include "driver/alembic/program.h"
#include "driver/command/failure.h"

namespace tenancy::driver {

namespace {

namespace process = boost::process;

constexpr const char* kPythonHint = "Say with --python which Python has the project's Alembic, as in venv/bin/python.";

/// Where a shell would find it; empty: nowhere.
std::string find_on_path(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path file = std::filesystem::path(folder) / program;
    if (::access(file.c_str(), X_OK) == 0) return file.string();
  }
  return {};
}

std::string find_python(const std::string& asked) {
  std::string python = asked;
  if (python.empty()) {
    std::ifstream script(find_on_path("alembic"));
    std::string first_line;
    std::getline(script, first_line);
    python = python_of_script(first_line);
  }
  if (python.empty()) python = "python3";
  if (python.find('/') != std::string::npos) return python;
  std::string path = find_on_path(python);
  if (path.empty()) throw UsageError("there is no " + python + " on PATH", kPythonHint);
  return path;
}

std::vector<std::string> arguments_of(const AlembicCall& call) {
  const char* const from_environment = std::getenv("ALEMBIC_CONFIG");
  std::string config = call.config;
  if (config.empty()) config = from_environment == nullptr ? "alembic.ini" : from_environment;
  std::vector<std::string> arguments{"-c", kRenderProgram, "--config=" + config,
                                     "--name=" + (call.section.empty() ? "alembic" : call.section)};
  for (const std::string& one : call.arguments) arguments.push_back("-x=" + one);
  return arguments;
}

struct Output {
  int exit_code = 0;
  std::string answer, complaints;
};

Output run_python(const std::string& python, const std::vector<std::string>& arguments) {
  boost::asio::io_context io;
  std::future<std::string> answer, complaints;
  try {
    process::child child(process::exe = python, process::args = arguments,
                         process::std_in<process::null, process::std_out> answer, process::std_err > complaints, io);
    io.run();
    child.wait();
    return {child.exit_code(), answer.get(), complaints.get()};
  } catch (const process::process_error& error) {
    throw UsageError("cannot run " + python + ": " + error.code().message(), kPythonHint);
  }
}

/// The last line of a traceback says what happened.
std::string last_line(std::string_view text) {
  text = core::ascii::trim(text);
  return std::string(text.substr(text.rfind('\n') + 1));
}

std::vector<std::string> words_in(const boost::json::value& value) {
  return boost::json::value_to<std::vector<std::string>>(value);
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

RenderedScript script_in(const boost::json::value& value) {
  RenderedScript script;
  script.sql = value.at("sql").as_string();
  script.autocommit = value.at("autocommit").as_bool();
  script.asks_for_mode = value.at("asks_for_mode").as_bool();
  if (const auto* const error = value.at("error").if_string()) script.error = one_line(std::string(*error));
  script.line = static_cast<int>(value.at("line").as_int64());
  return script;
}

AlembicProject project_in(const boost::json::value& answer) {
  AlembicProject project;
  project.version = answer.at("alembic").as_string();
  for (const boost::json::value& one : answer.at("revisions").as_array()) {
    AlembicRevision revision;
    revision.revision = one.at("revision").as_string();
    if (const auto* const message = one.at("message").if_string()) revision.message = one_line(std::string(*message));
    revision.file = std::string(one.at("file").as_string());
    revision.after = words_in(one.at("after"));
    revision.branches = words_in(one.at("branches"));
    revision.up = script_in(one.at("upgrade"));
    revision.down = script_in(one.at("downgrade"));
    project.revisions.push_back(std::move(revision));
  }
  return project;
}

}  // namespace

std::string python_of_script(std::string_view first_line) {
  if (!first_line.starts_with("#!")) return {};
  std::string_view words = core::ascii::trim(first_line.substr(2));
  if (words.starts_with("/usr/bin/env ")) words = core::ascii::trim(words.substr(words.find(' ')));
  const std::string_view interpreter = words.substr(0, words.find(' '));
  const std::string_view name = interpreter.substr(interpreter.rfind('/') + 1);
  return name.starts_with("python") ? std::string(interpreter) : std::string();
}

AlembicProject read_alembic_project(const AlembicCall& call) {
  const Output output = run_python(find_python(call.python), arguments_of(call));
  if (output.exit_code != 0) {
    fmt::print(stderr, "{}", output.complaints);
    throw UsageError("Alembic cannot read the project: " + last_line(output.complaints), kPythonHint);
  }
  const boost::json::value answer = boost::json::parse(output.answer);
  if (const auto* const refusal = answer.as_object().if_contains("refusal")) {
    throw UsageError(std::string(refusal->as_string()));
  }
  return project_in(answer);
}

}  // namespace tenancy::driver
