#include "driver/files/file_advice.h"

#include <fmt/format.h>

#include <map>

#include "driver/files/numbering.h"

namespace tenancy::driver {

namespace {

constexpr std::uint64_t kWidestGap = 10;       // a wider one was meant
constexpr std::size_t kMostIrreversible = 10;  // of which each is named; more are a habit

class Adviser {
 public:
  Adviser(const MigrationFolder& folder, std::vector<Finding>& findings) : folder_(folder), findings_(findings) {}

  void look_at_gap(const core::Migration& before, const core::Migration& after) {
    if (before.set != after.set || after.repeatable || before.after || after.after) return;
    std::optional<std::uint64_t> const left = version_number(before.version);
    std::optional<std::uint64_t> const right = version_number(after.version);
    if (is_timestamp(before.version) != is_timestamp(after.version)) {
      warn(after, fmt::format("numbers and timestamps are mixed: {} comes behind {}", after.version, before.version),
           "Keep to one of them: a number that is added later would come before the timestamps.");
    } else if (left && right && !is_timestamp(after.version) && *right - *left > 1 && *right - *left <= kWidestGap) {
      warn(after, fmt::format("there is a gap between {} and {}", before.version, after.version),
           "Is a file missing? If not, leave it: a migration that fills the gap later is out of order.");
    }
  }

  void look_at_down(const std::vector<core::Migration>& migrations) {
    std::vector<const core::Migration*> lacking;
    for (const core::Migration& migration : migrations) {
      if (!migration.down && !migration.repeatable) lacking.push_back(&migration);
    }
    if (lacking.size() > kMostIrreversible) {
      findings_.push_back(
          {Finding::Kind::warning, folder_.path.string(), 0,
           fmt::format("{} of {} migrations are irreversible: they have no down SQL; the last of them is {}",
                       lacking.size(), migrations.size(), lacking.back()->version),
           "A downgrade refuses to go below them."});
      return;
    }
    for (const core::Migration* migration : lacking) {
      warn(*migration, fmt::format("migration {} is irreversible: it has no down SQL", migration->version),
           "Write how to take it back, or leave it so: a downgrade refuses to go below it.");
    }
  }

 private:
  void warn(const core::Migration& migration, std::string message, std::string hint) {
    findings_.push_back(
        {Finding::Kind::warning, (folder_.path / migration.filename).string(), 0, std::move(message), std::move(hint)});
  }

  const MigrationFolder& folder_;
  std::vector<Finding>& findings_;
};

}  // namespace

void advise(const MigrationFolder& folder, const std::vector<core::Migration>& migrations,
            std::vector<Finding>& findings) {
  Adviser adviser(folder, findings);
  for (std::size_t i = 1; i < migrations.size(); ++i) adviser.look_at_gap(migrations[i - 1], migrations[i]);
  adviser.look_at_down(migrations);
}

}  // namespace tenancy::driver
