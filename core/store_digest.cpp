#include "core/store_digest.h"

#include <algorithm>

namespace tenancy::core {

namespace {

/// Fields one behind another, so that no others read the same.
class Fields {
 public:
  void add(std::string_view text) { text_ += std::to_string(text.size()) + ':' += text; }
  void add(bool value) { add(std::string_view(value ? "t" : "f")); }
  void add(const std::optional<std::chrono::milliseconds>& time) {
    add(std::string_view(time ? std::to_string(time->count()) : std::string()));
  }
  void add(const std::vector<std::string>& words) {
    add(std::string_view(std::to_string(words.size())));
    for (const std::string& word : words) add(std::string_view(word));
  }
  /// Tells what is absent from what is empty.
  template <typename Value>
  void add_maybe(const std::optional<Value>& value) {
    add(value.has_value());
    if (value) add(*value);
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace

StoredDigest digest_of(const Migration& migration, std::string_view up_checksum, const Sha256& sha256) {
  Fields fields;
  fields.add(std::string_view(migration.description));
  fields.add(to_string(migration.scope));
  fields.add(up_checksum);
  fields.add(std::string_view(std::to_string(migration.up.first_line)));
  fields.add(migration.down.has_value());
  if (migration.down) {
    fields.add(std::string_view(migration.down->sql));
    fields.add(std::string_view(std::to_string(migration.down->first_line)));
  }
  fields.add(migration.transactional);
  fields.add(migration.repeatable);
  fields.add(migration.allow_outside);
  fields.add(to_string(migration.variables));
  fields.add(migration.lock_timeout);
  fields.add(migration.statement_timeout);
  fields.add(std::string_view(migration.filename));
  fields.add_maybe(migration.after);
  fields.add(migration.branches);
  fields.add(migration.required);
  fields.add(std::string_view(migration.tool_checksum));
  return {migration.set, migration.version, sha256(fields.text())};
}

StoredDigest digest_of(const std::string& set, const SyncedTool& tool, const Sha256& sha256) {
  Fields fields;
  fields.add(std::string_view(tool.tool));
  fields.add(std::string_view(tool.table));
  fields.add(std::string_view(tool.group));
  fields.add(std::string_view(tool.schema));
  return {set, std::nullopt, sha256(fields.text())};
}

std::string digest_of(std::vector<StoredDigest> stored, const Sha256& sha256) {
  std::sort(stored.begin(), stored.end());
  Fields fields;
  for (const StoredDigest& one : stored) {
    fields.add(std::string_view(one.set));
    fields.add(one.version.has_value());
    fields.add(std::string_view(one.version.value_or("")));
    fields.add(std::string_view(one.digest));
  }
  return sha256(fields.text());
}

}  // namespace tenancy::core
