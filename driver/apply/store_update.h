// The store of a database that has the extension and is not the control database: how it gets the migrations that we
// have.
#pragma once

#include <string>
#include <vector>

#include "core/store_digest.h"
#include "driver/apply/store.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

/// What targets of one set need to be stored there. The same for all of them.
class StoreUpdate {
 public:
  /// The store must outlive the object.
  StoreUpdate(const MigrationStore& store, const std::string& set);

  /// Asks what is there.
  [[nodiscard]] Statement look() const;
  /// The values of store_sets and store_digest, with which a call does nothing unless ours is what is there.
  [[nodiscard]] const std::string& sets() const noexcept { return sets_text_; }
  [[nodiscard]] const std::string& digest() const noexcept { return digest_; }

  /// What makes it ours, given the answer to look(); empty when it is already.
  [[nodiscard]] std::vector<Statement> changes(const Result& there) const;

 private:
  using Digests = std::vector<core::StoredDigest>;
  /// `there` is sorted.
  void add_changes(const std::string& set, const Digests& there, std::vector<Statement>& statements) const;

  const MigrationStore& store_;
  std::vector<std::string> sets_;  ///< what requires goes before what is required: something else may no longer be
  Digests here_;
  std::string sets_text_;
  std::string digest_;
};

}  // namespace tenancy::driver
