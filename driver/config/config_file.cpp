#include "driver/config/config_file.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include "core/ascii.h"
#include "core/message.h"
#include "driver/command/failure.h"
#include "driver/config/spelling.h"

namespace tenancy::driver {

namespace {

std::string read_text(const std::filesystem::path& path, const std::string& name) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw UsageError(name + " is a folder, not a configuration file");
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream || stream.bad()) {
    throw UsageError(fmt::format("cannot read {}: {}", name, std::generic_category().message(errno)));
  }
  return text.str();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// All keys, with families as they would be spelled for this one.
std::vector<std::string> keys_like(std::string_view key) {
  std::vector<std::string> const parts = split(key, '.');
  std::vector<std::string> keys;
  for (const Setting& setting : all_settings()) {
    std::vector<std::string> like = split(setting.key, '.');
    auto const star = std::find(like.begin(), like.end(), "*");
    if (star != like.end()) {
      auto const at = static_cast<std::size_t>(star - like.begin());
      if (at >= parts.size()) continue;
      *star = parts[at];
    }
    keys.push_back(fmt::format("{}", fmt::join(like, ".")));
  }
  return keys;
}

/// What else there is in the section of an unknown key.
std::string what_is_there(const std::string& path) {
  std::string const section = path.substr(0, path.rfind('.') + 1);
  std::vector<std::string> names;
  for (const std::string& known : keys_like(path)) {
    if (!section.empty() && known.starts_with(section)) names.push_back(known.substr(section.size()));
  }
  if (names.empty()) return "Run tenancy config to see all settings.";
  return fmt::format("In [{}] there are: {}.", section.substr(0, section.size() - 1), fmt::join(names, ", "));
}

class Reader {
 public:
  Reader(ConfigFile& file, std::filesystem::path base) : file_(file), base_(std::move(base)) {}

  void read(const toml::table& table) {
    for (const auto& [key, node] : table) {
      if (key.str() == "env") {
        read_environments(node);
      } else {
        read_node({}, std::string(key.str()), key, node);
      }
    }
  }

 private:
  [[noreturn]] void refuse(const toml::source_region& where, const std::string& message, std::string hint = {}) const {
    throw UsageError(fmt::format("{}:{}: {}", file_.name, where.begin.line, message), std::move(hint));
  }

  void read_environments(const toml::node& node) {
    const toml::table* const environments = node.as_table();
    if (environments == nullptr) refuse(node.source(), "env must be a section", "Write [env.prod], for example.");
    for (const auto& [name, section] : *environments) {
      const toml::table* const table = section.as_table();
      if (table == nullptr) {
        refuse(name.source(), fmt::format("env.{} must be a section", name.str()),
               "Write [env." + std::string(name.str()) + "] and its settings below.");
      }
      file_.environments.emplace_back(name.str());
      for (const auto& [key, inner] : *table) {
        read_node(std::string(name.str()), std::string(key.str()), key, inner);
      }
    }
  }

  void read_node(const std::string& environment, const std::string& path, const toml::key& key,
                 const toml::node& node) {
    const toml::table* const table = node.as_table();
    if (table != nullptr && find_setting(path) == nullptr) {
      if (table->empty()) require_section(path, key);
      for (const auto& [inner_key, inner] : *table) {
        read_node(environment, path + "." + std::string(inner_key.str()), inner_key, inner);
      }
      return;
    }
    const Setting* const setting = find_setting(path);
    if (setting == nullptr) refuse_key(path, key);
    file_.entries.push_back(
        {environment, path, {items_of(*setting, path, node), base_}, static_cast<int>(key.source().begin.line)});
  }

  void require_section(const std::string& path, const toml::key& key) const {
    for (const std::string& known : keys_like(path + ".x")) {
      if (known.starts_with(path + ".")) return;
    }
    refuse_key(path, key);
  }

  [[noreturn]] void refuse_key(const std::string& path, const toml::key& key) const {
    std::optional<std::string> const meant = nearest(path, keys_like(path));
    refuse(key.source(), "unknown setting " + core::quoted_text(path),
           meant ? "Did you mean " + *meant + "?" : what_is_there(path));
  }

  std::vector<std::string> items_of(const Setting& setting, const std::string& path, const toml::node& node) const {
    std::vector<std::string> items;
    if (const toml::array* const array = node.as_array(); array != nullptr) {
      if (setting.kind != ValueKind::list) refuse(node.source(), path + " must be one value, not a list");
      for (const toml::node& element : *array) items.push_back(text_of(path, element));
    } else {
      items.push_back(text_of(path, node));
    }
    return items;
  }

  std::string text_of(const std::string& path, const toml::node& node) const {
    if (const auto text = node.value_exact<std::string>()) return *text;
    if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
    if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
    refuse(node.source(), path + " must be a text, a whole number, true or false");
  }

  ConfigFile& file_;
  std::filesystem::path base_;
};

}  // namespace

std::optional<std::filesystem::path> find_config_file(const std::filesystem::path& folder) {
  for (std::filesystem::path at = folder;; at = at.parent_path()) {
    std::error_code error;
    std::filesystem::path const candidate = at / kConfigFileName;
    if (std::filesystem::exists(candidate, error)) return candidate;
    if (at == at.parent_path()) return std::nullopt;
  }
}

ConfigFile read_config_file(const std::filesystem::path& path, const std::string& name) {
  ConfigFile file{name, {}, {}};
  try {
    toml::table const table = toml::parse(read_text(path, name), name);
    Reader(file, std::filesystem::path(name).parent_path()).read(table);
  } catch (const toml::parse_error& error) {
    std::string description(error.description());
    if (!description.empty()) description.front() = core::ascii::to_lower(description.front());
    throw UsageError(fmt::format("{}:{}: {}", name, error.source().begin.line, description));
  }
  return file;
}

}  // namespace tenancy::driver
