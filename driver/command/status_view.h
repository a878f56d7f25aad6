// How the standings of a fleet are shown.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "driver/command/listing.h"
#include "driver/fleet/target_tracking.h"

namespace tenancy::driver {

struct StandingRow {
  Target target{};          ///< tenant empty: a shared schema
  std::string isolation{};  ///< schema, database, rls, shared
  std::string status{}, tier{};
  std::string state{};
  std::optional<std::string> revision{}, head{};
  std::optional<std::string> pending{};       ///< a number
  std::optional<std::string> last_applied{};  ///< microseconds since 1970
  std::string detail{};

  void take(const TargetStanding& standing);
  void take_last_applied(const std::vector<core::AppliedMigration>& applied);
};

/// Of more than a few, only those are listed that are not at head. Memory does not grow with the fleet.
class StatusView {
 public:
  /// `behind`: neither those that are at head, nor those that a pin holds; `all`: list them however many they are.
  StatusView(const OutputOptions& options, bool behind, bool all);

  void add(const StandingRow& row);
  /// The rest, and the summary.
  void finish();

  [[nodiscard]] std::size_t seen() const noexcept { return seen_; }

 private:
  void list(const StandingRow& row);
  void count(const StandingRow& row);
  [[nodiscard]] std::string summary() const;
  void print_summary();

  bool as_json_;
  bool behind_;
  bool all_;
  Listing listing_;
  std::vector<StandingRow> first_;  ///< until they are too many
  bool many_ = false;
  std::size_t seen_ = 0;
  std::map<std::string, std::size_t> states_;  ///< of tenants
  std::map<std::string, std::size_t> heads_;   ///< of tenants that are current
  std::string last_tenant_;
  bool has_several_sets_ = false;  ///< some tenant: then a row is no tenant, but a target
  std::size_t shared_behind_ = 0;  ///< shared schemas that are not at head
};

}  // namespace tenancy::driver
