// The SQL of a migration, parsed once by the server's own parser.
#pragma once

#include "extension/guard.h"

#include "core/migration.h"

namespace tenancy {

/// One statement of a script, and where a person finds it.
struct ScriptStatement {
  RawStmt* tree = nullptr;  ///< must be copied before it is analysed, which scribbles on it
  int number = 0;           ///< 1-based
  int offset = 0;           ///< in bytes, of its first word in the script
  int length = 0;           ///< in bytes, without the semicolon
};

class SqlScript {
 public:
  /// Parses. The trees live in `context`, which must outlive the script. Syntax errors are thrown as PgError
  /// with the line of the file in the message and the line of SQL around the error as internal query. `filename` is
  /// empty when the SQL did not come from a file.
  SqlScript(core::SqlSection section, std::string filename, MemoryContext context);

  [[nodiscard]] const char* sql() const noexcept { return section_.sql.c_str(); }
  [[nodiscard]] const std::vector<ScriptStatement>& statements() const noexcept { return statements_; }

  /// Has it statements that may queue constraint triggers: anything but plain DDL?
  [[nodiscard]] bool writes_data() const noexcept { return writes_data_; }

  /// "005_invoices.sql line 14", or "line 14".
  [[nodiscard]] std::string place(int offset) const;

  /// "statement 3 (005_invoices.sql line 14)", with the place of `offset`.
  [[nodiscard]] std::string name(const ScriptStatement& statement, int offset) const;

  /// The byte offset of a 1-based character position, as errors of the parser and the analyser have it.
  [[nodiscard]] int offset_of_character(int position) const;

  /// Makes `error`, raised for this script at `offset`, show its line of SQL with the position in it.
  void show_line(PgError& error, int offset) const;

 private:
  core::SqlSection section_;
  std::string filename_;
  std::vector<ScriptStatement> statements_;
  bool writes_data_ = false;
};

/// Refuses what cannot be part of a stored migration, with the reason and what to do, as PgError naming
/// statement and line: transaction control, COPY from or to the client; in a transactional migration also
/// what PostgreSQL runs outside of transactions only (CREATE INDEX CONCURRENTLY, VACUUM, CREATE DATABASE, …), in others
/// SET LOCAL and SET ROLE; in one that is confined to a tenant's schema also what works on the whole database or
/// cluster.
void check_statements(const SqlScript& script, bool transactional, bool confined);

}  // namespace tenancy
