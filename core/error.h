// Errors of the core: what is wrong, where, and what to do about it.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tenancy::core {

/// The kind of an error, for callers that act on it (each executor maps kinds to SQLSTATEs or exit codes).
enum class ErrorKind {
  bad_file,             ///< a migration file that cannot be read as one
  bad_value,            ///< an option, scope, version or setting with a value that is not allowed
  bad_order,            ///< migrations that come after one that is not there, or after themselves
  duplicate_version,    ///< two migrations of one set with the same version
  unknown_revision,     ///< no stored migration matches the revision
  ambiguous_revision,   ///< more than one stored migration matches the prefix
  wrong_direction,      ///< a downgrade asked of an upgrade, or the other way round
  checksum_mismatch,    ///< an applied migration differs from the stored one
  unknown_applied,      ///< the target applied a version that the store does not know
  out_of_order,         ///< a pending migration is older than one that is applied
  in_doubt,             ///< a non-transactional migration was interrupted in this target
  irreversible,         ///< a step down has no down SQL
  unknown_requirement,  ///< a migration requires one of another set that is not stored
  beyond_pin,           ///< a migration requires one of another set that a pin does not allow there
  still_required,       ///< a step down would take away what an applied migration of another set requires
  bad_statement,        ///< a statement that cannot be part of a migration
};

/// The SQLSTATE of an error of that kind: five characters.
[[nodiscard]] std::string_view sqlstate(ErrorKind kind) noexcept;

/// Thrown by everything in core. `what()` is one lower-case line without the place; `hint()` is a full
/// sentence that says what to do, or empty; `file()` and `line()` say where (line 0: no line).
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, std::string hint = {}, std::string file = {}, int line = 0)
      : std::runtime_error(message), kind_(kind), hint_(std::move(hint)), file_(std::move(file)), line_(line) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] int line() const noexcept { return line_; }

  /// `file:line: message`, with the parts that are known.
  [[nodiscard]] std::string located_message() const;
  /// `file line 3: message`, as errors of statements name their place.
  [[nodiscard]] std::string placed_message() const;

 private:
  ErrorKind kind_;
  std::string hint_;
  std::string file_;
  int line_;
};

}  // namespace tenancy::core
