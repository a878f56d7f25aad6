// The targets of a fleet that no control database knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/migration_set.h"
#include "driver/fleet/selection.h"
#include "driver/fleet/target.h"
#include "driver/fleet/target_source.h"

namespace tenancy::driver {

/// A tenant as a configuration or a query names it.
struct TenantPlace {
  std::string id{};
  std::string server{};         ///< empty: the cluster of the connection
  std::string database{};       ///< empty: that of the connection
  std::string schema{};         ///< empty: the shared schema of a database of its own, else the id
  std::string migration_set{};  ///< or several, with commas between them
  core::VariableMap variables{};
};

/// What goes with the tenants.
struct SharedSchemas {
  std::string schema = "public";
  std::vector<std::string> sets{};  ///< that have migrations for a shared schema
};

/// Does the text match the pattern as SQL's LIKE says, with the backslash as escape? By bytes.
[[nodiscard]] bool is_like(std::string_view text, std::string_view pattern) noexcept;

/// The targets of the selected tenants, by place; those that share a target are one. Where tenants have schemas of one
/// database, its shared schema comes before them (downwards behind them), and only with `shared` in the selection. The
/// selection's tier, labels and statuses do not count: nobody knows them here.
[[nodiscard]] std::vector<Target> standalone_targets(std::vector<TenantPlace> tenants, const SharedSchemas& shared,
                                                     const Selection& selection, core::Direction direction);

/// Gives a list in pages.
class ListSource : public TargetSource {
 public:
  ListSource(std::vector<Target> targets, std::size_t page_size)
      : targets_(std::move(targets)), page_size_(page_size) {}

  boost::asio::awaitable<std::optional<TargetPage>> next() override;

 private:
  std::vector<Target> targets_;
  std::size_t page_size_;
  std::size_t given_ = 0;
};

}  // namespace tenancy::driver
