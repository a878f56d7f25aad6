#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "core/file_name.h"
#include "core/message.h"
#include "core/migration_text.h"
#include "core/source_text.h"
#include "core/sqitch_registry.h"

namespace tenancy::core {

namespace {

using FilesByName = std::unordered_map<std::string, const SourceFile*>;

constexpr std::size_t kVersionDigits = 4;

const SourceFile& find_plan(std::span<const SourceFile* const> files) {
  const SourceFile* plan = nullptr;
  for (const SourceFile* file : files) {
    if (split_path(file->name).base != kSqitchPlan) continue;
    if (plan != nullptr) {
      throw Error(ErrorKind::bad_file, "a second plan beside " + plan->name, "Load each project's folder by itself.",
                  file->name);
    }
    plan = file;
  }
  if (plan == nullptr) {
    throw Error(ErrorKind::bad_file, "there is no sqitch.plan", "Load the folder that sqitch.plan is in.",
                files.empty() ? "" : files.front()->name);
  }
  return *plan;
}

class FolderReader {
 public:
  FolderReader(std::span<const SourceFile* const> files, const FileDefaults& defaults)
      : defaults_(defaults), plan_(find_plan(files)), root_(split_path(plan_.name).folder) {
    for (const SourceFile* file : files) by_name_.emplace(file->name, file);
    if (!root_.empty()) root_ += '/';
  }

  std::vector<Migration> read() {
    const SqitchPlan plan = parse_sqitch_plan(plan_.name, read_source_text(plan_.name, plan_.content));
    std::vector<Migration> migrations;
    std::vector<std::string_view> scripts;
    for (const SqitchChange& change : plan.changes) {
      migrations.push_back(read_change(change, migrations.size() + 1));
      scripts.push_back(by_name_.at(migrations.back().filename)->content);
    }
    if (!defaults_.sha1) return migrations;
    std::vector<std::string> records = sqitch_records(plan, scripts, defaults_.sha1);
    for (std::size_t i = 0; i < records.size(); ++i) migrations[i].tool_checksum = std::move(records[i]);
    return migrations;
  }

  [[nodiscard]] bool has_read(const SourceFile* file) const { return read_.contains(file); }

 private:
  Migration read_change(const SqitchChange& change, std::size_t place) {
    const std::string number = std::to_string(place);
    Migration migration;
    migration.set = defaults_.set;
    migration.scope = defaults_.scope;
    const SourceFile* deploy = find_script("deploy/", change);
    if (deploy == nullptr) {
      throw Error(ErrorKind::bad_file, "change " + change.name + " has no script " + script_name("deploy/", change),
                  "Put the script there, or take the change out of the plan.", plan_.name, change.line);
    }
    migration.filename = deploy->name;
    (void)read_up_text(read_source_text(deploy->name, deploy->content), {}, migration);
    if (const SourceFile* revert = find_script("revert/", change)) {
      Migration down;
      down.transactional = migration.transactional;
      down.filename = revert->name;
      read_down_text(read_source_text(revert->name, revert->content), down);
      migration.down = std::move(down.down);
    }
    migration.version = std::string(kVersionDigits - std::min(number.size(), kVersionDigits), '0') + number;
    migration.description = change.note.empty() ? change.name : change.name + ": " + change.note;
    return migration;
  }

  /// The first one, of the tags that may be in its name, that is there.
  const SourceFile* find_script(std::string_view folder, const SqitchChange& change) {
    std::vector<std::string> endings;
    for (const std::string& tag : change.rework_tags) endings.push_back("@" + tag);
    if (!change.reworked) endings.emplace_back();
    for (const std::string& ending : endings) {
      const auto found = by_name_.find(root_ + std::string{folder} + change.name + ending + ".sql");
      if (found == by_name_.end()) continue;
      read_.insert(found->second);
      return found->second;
    }
    return nullptr;
  }

  [[nodiscard]] std::string script_name(std::string_view folder, const SqitchChange& change) const {
    return root_ + std::string{folder} + change.name + (change.reworked ? "@" + change.rework_tags.front() : "") +
           ".sql";
  }

  const FileDefaults& defaults_;
  const SourceFile& plan_;
  std::string root_;  ///< what stands before `deploy/`
  FilesByName by_name_;
  std::unordered_set<const SourceFile*> read_;
};

}  // namespace

bool is_sqitch_script(std::string_view name) noexcept {
  for (const std::string_view folder : {"deploy/", "revert/", "verify/"}) {
    if (name.starts_with(folder)) return true;
    for (std::size_t at = name.find(folder); at != std::string_view::npos; at = name.find(folder, at + 1)) {
      if (at > 0 && name[at - 1] == '/') return true;
    }
  }
  return false;
}

std::vector<Migration> read_sqitch_folder(std::span<const SourceFile* const> files, const FileDefaults& defaults,
                                          std::vector<const SourceFile*>& left_out) {
  FolderReader reader{files, defaults};
  std::vector<Migration> migrations = reader.read();
  for (const SourceFile* file : files) {
    const bool is_verify = file->name.starts_with("verify/") || file->name.find("/verify/") != std::string::npos;
    if (file->name.ends_with(".sql") && !reader.has_read(file) && !is_verify) left_out.push_back(file);
  }
  return migrations;
}

}  // namespace tenancy::core
