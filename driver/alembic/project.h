// A project of Alembic, read by the team's own Alembic in a process of Python: its graph, and the SQL of each revision.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::driver {

/// How the team calls Alembic.
struct AlembicCall {
  std::string python{};                  ///< empty: that of the `alembic` on PATH
  std::string config{};                  ///< -c; empty: ALEMBIC_CONFIG, or alembic.ini
  std::string section{};                 ///< -n; empty: alembic
  std::vector<std::string> arguments{};  ///< -x
};

/// One direction of a revision, as Alembic's offline mode has it.
struct RenderedScript {
  std::string sql{};           ///< with an error, what came before it
  bool autocommit = false;     ///< part of it is outside of a transaction
  bool asks_for_mode = false;  ///< it asked whether this is the offline mode, so that it may do something else there
  std::string error{};         ///< in one line; empty: there was none
  int line = 0;                ///< of the revision's file, where the error comes from; 0: not known
};

struct AlembicRevision {
  std::string revision{};
  std::string message{};
  std::filesystem::path file{};
  std::vector<std::string> after{};     ///< what it revises and depends on; empty: a beginning
  std::vector<std::string> branches{};  ///< labels
  RenderedScript up{}, down{};
};

struct AlembicProject {
  std::string version{};                     ///< of Alembic
  std::vector<AlembicRevision> revisions{};  ///< in an order that respects the graph
};

/// Runs Python in this process's folder and environment. Throws UsageError, with what Python wrote to standard error
/// when the project could not be read.
[[nodiscard]] AlembicProject read_alembic_project(const AlembicCall& call);

/// The interpreter that the first line of a script names (`#!/srv/app/venv/bin/python`, `#!/usr/bin/env python3`);
/// empty for what is no script of Python.
[[nodiscard]] std::string python_of_script(std::string_view first_line);

}  // namespace tenancy::driver
