// Migration files: from names and contents to migrations. Pure: reading the files is the caller's.
//
// Our own format, told apart by name:
//   NNN_name.sql                         one file; header options, `-- UPGRADE` and `-- DOWNGRADE` sections
//   NNN_name.up.sql, NNN_name.down.sql   a pair, by its number; header options in the up file
//   NNN_name/up.sql, NNN_name/down.sql   a folder a migration; metadata.toml may say run_in_transaction = false
//
// Header options stand in the comment lines at the top of a file, before the first other line:
//   -- MIGRATION_SCOPE: public | tenant | both            -- MIGRATION_TRANSACTION: on | off
//   -- MIGRATION_VERSION: 007                             -- MIGRATION_REPEATABLE: on | off
//   -- MIGRATION_DESCRIPTION: add invoices                -- MIGRATION_ALLOW_OUTSIDE: on | off
//   -- MIGRATION_SET: users                               -- MIGRATION_LOCK_TIMEOUT: 5s
//   -- MIGRATION_VARIABLES: on | flyway | off             -- MIGRATION_STATEMENT_TIMEOUT: 10min
//   -- MIGRATION_BRANCHES: billing, reports               -- MIGRATION_AFTER: 1975ea83b712
//   -- MIGRATION_UNFINISHED: the SQL is yet to be written
// Any other MIGRATION_ word there is an error, and so is one of these twice, and so is an option anywhere
// else. Switches are on, true, yes, off, false or no in any case; a header wins over a name. Variables (variables.h)
// are off unless a header says otherwise; in Flyway's files that hold a `${` they are Flyway's.
//
// `-- UPGRADE` and `-- DOWNGRADE` stand alone on their lines, in either order. Inside quotes, dollar quotes
// and comments they are no markers, nor are they in pairs and folders, whose names say what they hold. With
// an UPGRADE section only comments may stand before the first marker; with a DOWNGRADE section alone, what
// stands before it (and behind the options) is up; without markers the whole file is, options included. A
// DOWNGRADE section of nothing but comments is none: the migration is irreversible. A down file of a pair or
// a folder may be empty: there is nothing to undo.
//
// What is kept of a section, and what checksums are made of, is its text with LF line ends, from the line
// behind its marker (or from the first line) on, with white space at its end made one LF, and without a BEGIN and
// COMMIT around the whole of it (envelope.h); a section of white space is empty.
//
// Other tools' formats (format.h) differ in names (format_name.h), markers (section_marker.h) and in what a folder
// holds beside its scripts (flyway.h, pop.h, prisma.h, sqitch.h). The options, the envelope and what is kept are the
// same.
//
// In a folder, what lies below `shared` or `public` has the scope public, below `tenant`, `tenants` or `per_tenant` the
// scope tenant, unless a header says otherwise; each of these folders may have a format of its own.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/format.h"
#include "core/migration.h"
#include "core/tool_checksum.h"

namespace tenancy::core {

/// A file's name relative to the migrations folder (`/` separates) and its bytes.
struct SourceFile {
  std::string name;
  std::string content;
};

/// What a caller says for files that do not say it themselves (a header always wins).
struct FileDefaults {
  std::string set{kDefaultSet};
  Scope scope = Scope::tenant;
  std::optional<Format> format{};  ///< of all files; absent: found out from names and texts
  bool sets_from_folders = false;  ///< the files of a folder `users` are of the set `users`
  Sha256 sha256{};                 ///< for Migration::tool_checksum of Prisma's files, which is empty without it
  Sha1 sha1{};                     ///< likewise of sqitch's changes
};

/// What part of a migration a file holds.
enum class FilePart { whole, up, down, metadata };

/// One file, read. With part `down`, `migration.down` is set and `migration.up` is empty;
/// with part `metadata`, only `transactional` is. Both have the version and description of the name, which
/// are empty when the name has none: the file's name is what joins it to its up part.
struct ParsedFile {
  FilePart part = FilePart::whole;
  Migration migration;
  Format format = Format::own;
  int version_line = 0;               ///< where a header gives the version; 0 when the name does
  bool replaces_placeholders = true;  ///< false: a script's configuration says so
};

/// True when a file of this name means something in one of the formats, so that a folder's other files (README.md,
/// data.csv) need not be read.
[[nodiscard]] bool is_migration_file(std::string_view name) noexcept;

/// Reads one file. The version is the number in front of the name (`0001-2fa_tokens.sql` is 0001), or of the
/// folder's; a repeatable migration without one is known by its whole name. The content may begin with a
/// UTF-8 byte order mark, which is dropped, and may have CRLF line ends, which become LF. Without a format in
/// `defaults`, name and content tell it. Throws
/// Error(bad_file or bad_value) with file and line for: bytes that are not UTF-8, a NUL byte, UTF-16, a file
/// or an up section without anything in it, a name without a version when the header has none, an unknown,
/// repeated or misplaced option, a section twice, a marker that is misspelled in its case or its spaces, a
/// name that is not is_migration_file().
[[nodiscard]] ParsedFile parse_migration_file(std::string_view name, std::string_view content,
                                              const FileDefaults& defaults = {});

/// Reads a folder: every file that is_migration_file(), pairs and folders joined. The result is ordered
/// by set, then as migration_order.h says. Throws what parse_migration_file throws, and
/// Error(bad_file) for a down part without its up part, Error(duplicate_version) naming both files.
/// A file with no version in its name and no word of a migration in its text, a script that lies there by
/// chance, is an error too, unless `passed_over` collects the names of such files; and of those that are not needed:
/// for another database (pop), or a baseline whose versions are all there (Flyway).
/// Throws Error(bad_file) also when there are signs of two formats, and for a migration in another language without SQL
/// of the same name.
[[nodiscard]] std::vector<Migration> parse_migration_folder(std::span<const SourceFile> files,
                                                            const FileDefaults& defaults = {},
                                                            std::vector<std::string>* passed_over = nullptr);

/// Adds what a later file of the same migration says (its down part, its metadata) to `migration`.
/// Throws Error(bad_file) when `part` is not a down or metadata part of it: of the same folder, or of a pair
/// with the same number (or the same name without one) in front of `.up.sql` and `.down.sql`; and for a second down
/// part.
void merge_part(Migration& migration, const ParsedFile& part);

/// "500ms", "5s", "10min", "2h", "1d" or bare milliseconds, 0 to 2147483647 ms; PostgreSQL's spelling
/// of time settings. Throws Error(bad_value).
[[nodiscard]] std::chrono::milliseconds parse_duration(std::string_view text);

}  // namespace tenancy::core
