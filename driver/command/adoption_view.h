// What came of the histories that another tool has recorded: a row a target, and what they come to.
#pragma once

#include <map>
#include <vector>

#include "driver/apply/plain_adoption.h"
#include "driver/command/exit_code.h"
#include "driver/command/listing.h"

namespace tenancy::driver {

struct AdoptionRow {
  Target target;
  AdoptionOutcome outcome;
};

class AdoptionView {
 public:
  /// `recorded`: this was no dry run.
  AdoptionView(const OutputOptions& options, bool recorded);

  /// Of a large fleet, those that somebody must look at are listed, and the others counted.
  void add(AdoptionRow row);
  void finish();

  /// Targets failed, when one is left that somebody must look at.
  [[nodiscard]] ExitCode exit_code() const noexcept;

 private:
  void list(const AdoptionRow& row);
  [[nodiscard]] std::string summary() const;

  bool as_json_;
  bool recorded_;
  bool many_ = false;
  std::vector<AdoptionRow> first_;  ///< not listed yet
  std::map<std::string, std::size_t> states_;
  std::size_t left_ = 0;
  Listing listing_;
};

}  // namespace tenancy::driver
