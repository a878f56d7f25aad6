// A target's history: the rows of its tracking table, matched to the migrations of a set.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/migration_set.h"
#include "core/plan.h"

namespace tenancy::core {

/// What is wrong with a history, for a message.
struct Flaw {
  ErrorKind kind;
  std::string message;
  std::string hint;
};

/// The set and the rows must outlive it.
class History {
 public:
  History(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
          InDoubt in_doubt = InDoubt::refuse);

  /// The migration is recorded as applied, with whatever text.
  [[nodiscard]] bool is_applied(std::size_t index) const noexcept {
    return marks_[index] == Mark::applied || marks_[index] == Mark::changed;
  }

  /// It is in doubt, and may be retried: never so with InDoubt::refuse.
  [[nodiscard]] bool is_in_doubt(std::size_t index) const noexcept { return marks_[index] == Mark::in_doubt; }

  /// It is recorded with another text than the set has.
  [[nodiscard]] bool is_changed(std::size_t index) const noexcept { return marks_[index] == Mark::changed; }

  /// The migration is this target's, and to be applied: absent, in doubt, or repeatable and changed.
  [[nodiscard]] bool is_pending(std::size_t index) const noexcept;

  /// The newest applied versioned migration.
  [[nodiscard]] std::optional<std::size_t> newest() const noexcept { return newest_; }

  /// The version at that index, or "base".
  [[nodiscard]] std::string revision(std::optional<std::size_t> index) const;

  /// Everything that forbids a plan, worst first: in doubt, unknown, another text. Empty when all is well.
  [[nodiscard]] std::vector<Flaw> flaws() const;

  /// Throws the first flaw.
  void check() const;

  /// Throws Error(in_doubt) for the migrations in doubt that are not among the steps.
  void require_retried(std::span<const Step> steps) const;

 private:
  enum class Mark : unsigned char { absent, applied, changed, in_doubt };
  void record(const AppliedMigration& row);
  [[nodiscard]] Flaw interrupted(std::span<const std::string_view> versions) const;
  [[nodiscard]] bool may_retry(const AppliedMigration& row, std::size_t index) const;

  const MigrationSet& set_;
  TargetKind kind_;
  InDoubt when_in_doubt_;
  std::vector<Mark> marks_;  ///< by index in the set
  std::optional<std::size_t> newest_;
  std::vector<std::string_view> in_doubt_;
  std::vector<std::string_view> unknown_;
  std::vector<std::string_view> foreign_;  ///< in the set, of a scope that is not this target's
  std::vector<std::string_view> mismatched_;
};

}  // namespace tenancy::core
