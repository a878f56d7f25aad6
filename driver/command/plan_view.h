// How the plan of a fleet is shown: targets with the same steps together.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/requirements.h"
#include "driver/fleet/fleet_pages.h"
#include "driver/fleet/stored_sets.h"
#include "driver/output/output_options.h"

namespace tenancy::driver {

class PlanView {
 public:
  /// `one_tenant`: its steps, each in a line. `sets` must outlive the object.
  PlanView(const OutputOptions& options, const StoredSets& sets, bool one_tenant)
      : options_(options), sets_(sets), one_tenant_(one_tenant) {}

  void add(const PlannedTarget& planned);
  void add_unchanged(std::size_t targets) { unchanged_ += targets; }
  void finish();

  /// The migrations of all steps that were added, each once.
  [[nodiscard]] std::vector<core::LabelledVersion> migrations() const;
  void print_sql(const core::LabelledVersion& migration, const std::string& sql) const;

 private:
  using Versions = std::vector<std::string>;
  struct Group {
    std::size_t targets = 0;
    std::string example;
  };

  void print_target(const PlannedTarget& planned) const;
  [[nodiscard]] core::LabelledVersion step_of(const std::string& own, const std::string& label) const;
  void print_steps(const std::string& set, const Versions& versions) const;
  void print_groups() const;
  void print_summary() const;

  OutputOptions options_;
  const StoredSets& sets_;
  bool one_tenant_;
  std::map<std::tuple<std::string, std::string, Versions>, Group> groups_;  ///< by set, revision before and steps
  std::vector<std::string> first_errors_;
  std::size_t planned_ = 0;
  std::size_t unchanged_ = 0;
  std::size_t failed_ = 0;
  std::size_t busy_ = 0;
};

}  // namespace tenancy::driver
