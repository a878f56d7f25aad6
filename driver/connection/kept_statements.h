// The statements that a session has prepared under names of ours; without any I/O.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace tenancy::driver {

/// A name is used once: what somebody else has taken away from the session, or put there, is never met again.
class KeptStatements {
 public:
  void enable() noexcept { enabled_ = true; }
  [[nodiscard]] bool is_enabled() const noexcept { return enabled_; }

  /// The name under which it is prepared; empty when it is not.
  [[nodiscard]] std::string name_of(const std::string& sql) const {
    const auto found = names_.find(sql);
    return found == names_.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::string next_name() { return "tenancy_" + std::to_string(++last_); }
  void add(const std::string& sql, std::string name) { names_.insert_or_assign(sql, std::move(name)); }

  /// Forgets all when that command took them away.
  void obey(std::string_view command) {
    if (command == "DEALLOCATE ALL" || command == "DISCARD ALL") clear();
  }
  void clear() noexcept { names_.clear(); }

 private:
  bool enabled_ = false;
  std::size_t last_ = 0;
  std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace tenancy::driver
