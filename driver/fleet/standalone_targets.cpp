#include "driver/fleet/standalone_targets.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "core/ascii.h"
#include "driver/fleet/place.h"

namespace tenancy::driver {

namespace {

/// Of a literal in a pattern, with the backslash before it.
std::size_t literal_bytes(std::string_view pattern) noexcept {
  return pattern.front() == '\\' && pattern.size() > 1 ? 2 : 1;
}

/// Of the first letter of UTF-8 text.
std::size_t letter_bytes(std::string_view text) noexcept {
  std::size_t bytes = 1;
  while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) ++bytes;
  return bytes;
}

/// Downwards the tenants that are left out still need what they share.
bool takes_shared(const Selection& selection, core::Direction direction) {
  bool const is_partial = !selection.tenants.empty() || selection.pattern || selection.migration_set ||
                          selection.server || selection.shard.count > 1;
  return selection.shared && (direction == core::Direction::up || !is_partial);
}

bool is_selected(const TenantPlace& tenant, const Selection& selection) {
  const auto& ids = selection.tenants;
  if (!ids.empty() && std::find(ids.begin(), ids.end(), tenant.id) == ids.end()) return false;
  if (selection.pattern && !is_like(tenant.id, *selection.pattern)) return false;
  if (selection.migration_set && *selection.migration_set != tenant.migration_set) return false;
  if (selection.server && *selection.server != tenant.server) return false;
  return is_in_shard(selection.shard, tenant.id);
}

Target target_of(TenantPlace tenant, const std::string& shared_schema) {
  Target target{.tenant = std::move(tenant.id),
                .server = std::move(tenant.server),
                .database = std::move(tenant.database),
                .schema = std::move(tenant.schema)};
  target.migration_set = std::move(tenant.migration_set);
  target.variables = std::move(tenant.variables);
  // A database of its own has in its shared schema what other tenants share, too.
  if (target.schema == shared_schema) target.kind = core::TargetKind::combined;
  return target;
}

auto position(const Target& target) {
  return std::tie(target.server, target.database, target.schema, target.migration_set);
}

void complete(TenantPlace& tenant, const std::string& shared_schema) {
  bool const is_elsewhere = !tenant.server.empty() || !tenant.database.empty();
  if (tenant.schema.empty()) tenant.schema = is_elsewhere ? shared_schema : tenant.id;
  if (tenant.migration_set.empty()) tenant.migration_set = core::kDefaultSet;
}

/// A place for each of the tenant's sets.
std::vector<TenantPlace> with_each_set(std::vector<TenantPlace> tenants) {
  std::vector<TenantPlace> places;
  for (const TenantPlace& tenant : tenants) {
    std::string_view rest = tenant.migration_set;
    do {
      std::size_t const comma = std::min(rest.find(','), rest.size());
      places.push_back(tenant);
      places.back().migration_set = core::ascii::trim(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    } while (!rest.empty());
  }
  return places;
}

std::vector<Target> sorted_targets(std::vector<TenantPlace> tenants, const std::string& shared_schema,
                                   const Selection& selection) {
  std::vector<Target> targets;
  for (TenantPlace& tenant : with_each_set(std::move(tenants))) {
    complete(tenant, shared_schema);
    if (is_selected(tenant, selection)) targets.push_back(target_of(std::move(tenant), shared_schema));
  }
  std::stable_sort(targets.begin(), targets.end(),
                   [](const Target& one, const Target& other) { return position(one) < position(other); });
  std::vector<Target> unique;
  for (Target& target : targets) {
    if (!unique.empty() && position(unique.back()) == position(target)) {
      unique.back().tenant.clear();
      unique.back().variables.clear();
    } else {
      unique.push_back(std::move(target));
    }
  }
  return unique;
}

/// Appends the targets of one place, with its shared schemas.
void append_place(std::vector<Target>& all, std::span<Target> targets, const SharedSchemas& shared,
                  core::Direction direction) {
  std::set<std::string> known, needed;
  for (const Target& target : targets) (target.schema == shared.schema ? known : needed).insert(target.migration_set);
  std::vector<Target> added;
  for (const std::string& set : shared.sets) {
    if (known.contains(set) || !needed.contains(set)) continue;
    Target target{.server = targets.front().server, .database = targets.front().database, .schema = shared.schema};
    target.kind = core::TargetKind::shared;
    target.migration_set = set;
    added.push_back(std::move(target));
  }
  bool const up = direction == core::Direction::up;
  if (up) std::move(added.begin(), added.end(), std::back_inserter(all));
  std::move(targets.begin(), targets.end(), std::back_inserter(all));
  if (!up) std::move(added.begin(), added.end(), std::back_inserter(all));
}

}  // namespace

bool is_like(std::string_view text, std::string_view pattern) noexcept {
  // The last % is tried with ever more text when what follows it does not match.
  std::optional<std::size_t> behind_percent;
  std::size_t percent_at = 0;
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  while (at < text.size()) {
    std::string_view const rest = pattern.substr(in_pattern);
    if (rest.starts_with('%')) {
      behind_percent = ++in_pattern;
      percent_at = at;
    } else if (rest.starts_with('_')) {
      ++in_pattern;
      at += letter_bytes(text.substr(at));
    } else if (!rest.empty() && rest[literal_bytes(rest) - 1] == text[at]) {
      in_pattern += literal_bytes(rest);
      ++at;
    } else if (behind_percent) {
      in_pattern = *behind_percent;
      at = ++percent_at;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('%', in_pattern) == std::string_view::npos;
}

std::vector<Target> standalone_targets(std::vector<TenantPlace> tenants, const SharedSchemas& shared,
                                       const Selection& selection, core::Direction direction) {
  std::vector<Target> targets = sorted_targets(std::move(tenants), shared.schema, selection);
  std::vector<Target> all;
  for (auto begin = targets.begin(); begin != targets.end();) {
    auto const end =
        std::find_if(begin, targets.end(), [&](const Target& target) { return place_of(target) != place_of(*begin); });
    if (takes_shared(selection, direction)) {
      append_place(all, {begin, end}, shared, direction);
    } else {
      std::move(begin, end, std::back_inserter(all));
    }
    begin = end;
  }
  if (!selection.tenants_too) std::erase_if(all, [](const Target& target) { return !is_shared(target); });
  return all;
}

boost::asio::awaitable<std::optional<TargetPage>> ListSource::next() {
  if (given_ == targets_.size()) co_return std::nullopt;
  std::size_t const end = std::min(given_ + page_size_, targets_.size());
  TargetPage page{.expected = targets_.size()};
  page.targets.reserve(end - given_);
  for (; given_ < end; ++given_) page.targets.push_back(std::move(targets_[given_]));
  co_return page;
}

}  // namespace tenancy::driver
