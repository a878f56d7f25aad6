#include "driver/output/failure_groups.h"

#include <algorithm>

namespace tenancy::driver {

namespace {

/// More kinds than these are counted as one, so that errors that are all different take no memory.
constexpr std::size_t kMostGroups = 1000;

/// `name` in quotes, or in front of a dot, becomes a sign that is the same for all targets.
void replace_name(std::string& text, const std::string& name) {
  if (name.empty()) return;
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    const std::size_t end = at + name.size();
    const char after = end < text.size() ? text[end] : ' ';
    const bool quoted = before == '"' && (after == '"' || after == '.');
    const bool qualifies =
        (before == ' ' || before == '(') && after == '.' && end + 1 < text.size() && text[end + 1] > ' ';
    if (quoted || qualifies) text.replace(at, name.size(), "\x1a");
  }
}

std::string kind_of(std::string_view message, const Target& target, const std::string& sqlstate) {
  std::string kind(message);
  for (const std::string* name : {&target.tenant, &target.schema, &target.database}) replace_name(kind, *name);
  return sqlstate + ' ' + kind;
}

}  // namespace

std::string_view without_label(std::string_view message, const Target& target) {
  const std::string label = target.label() + ": ";
  if (message.starts_with(label)) return message.substr(label.size());
  // A database may know its tenant by fewer words than the driver, which sees the server and the database as well.
  for (const std::string& own : {"tenant \"" + target.tenant + "\"", "schema \"" + target.schema + "\""}) {
    if (!message.starts_with(own)) continue;
    std::string_view rest = message.substr(own.size());
    if (rest.starts_with(" (")) rest.remove_prefix(std::min(rest.find("): "), rest.size() - 1) + 1);
    if (rest.starts_with(": ")) return rest.substr(2);
  }
  return message;
}

std::size_t FailureGroups::add(const Target& target, const ServerReport& report) {
  const std::string_view message = without_label(report.message, target);
  std::string kind = kind_of(message, target, report.sqlstate);
  Group group{std::string(message), report.sqlstate, target.label()};
  if (groups_.size() >= kMostGroups && !index_.contains(kind)) {
    kind.clear();
    group.message = "other errors";
    group.sqlstate.clear();
  }
  const auto [found, is_new] = index_.try_emplace(std::move(kind), groups_.size());
  if (is_new) groups_.push_back(std::move(group));
  return ++groups_[found->second].targets;
}

std::vector<FailureGroups::Group> FailureGroups::largest_first() const {
  std::vector<Group> sorted = groups_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Group& a, const Group& b) { return a.targets > b.targets; });
  return sorted;
}

}  // namespace tenancy::driver
