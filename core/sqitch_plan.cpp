#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"
#include "core/sqitch.h"

namespace tenancy::core {

namespace {

class PlanReader {
 public:
  explicit PlanReader(std::string_view file) noexcept : file_(file) {}

  std::vector<SqitchChange> read(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      ++line_;
      read_line(ascii::trim(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return std::move(changes_);
  }

 private:
  void read_line(std::string_view text) {
    if (text.starts_with('%')) return read_pragma(text);
    const std::size_t hash = find_note(text);
    const std::string_view note = hash < text.size() ? ascii::trim(text.substr(hash + 1)) : std::string_view{};
    text = ascii::trim_right(text.substr(0, hash));
    if (text.empty()) return;
    if (text.starts_with('-')) refuse("the plan takes a change back: " + quoted_text(text), "Take both lines away.");
    if (text.starts_with('+')) text = ascii::trim_left(text.substr(1));
    if (text.starts_with('@')) {
      tags_.emplace_back(take_word(text).substr(1), changes_.size());
    } else {
      read_change(text, note);
    }
  }

  void read_pragma(std::string_view text) {
    constexpr std::string_view kProject = "%project=";
    if (text.starts_with(kProject)) project_ = text.substr(kProject.size());
  }

  /// A `#` begins a note at the beginning of the line or behind white space; names may not hold one.
  static std::size_t find_note(std::string_view text) noexcept { return std::min(text.find('#'), text.size()); }

  static std::string_view take_word(std::string_view& text) noexcept {
    const auto end = std::find_if(text.begin(), text.end(), [](char c) { return ascii::is_space(c) || c == '['; });
    const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text = ascii::trim_left(text.substr(word.size()));
    return word;
  }

  void read_change(std::string_view text, std::string_view note) {
    SqitchChange change{std::string{take_word(text)}, std::string{note}, line_, {}, false};
    if (text.starts_with('[')) {
      const std::size_t close = text.find(']');
      if (close == std::string_view::npos) refuse("the dependencies of " + change.name + " have no \"]\"", {});
      check_dependencies(change.name, text.substr(1, close - 1));
    }
    const auto [before, is_new] = by_name_.try_emplace(change.name, changes_.size());
    if (!is_new) rework(std::exchange(before->second, changes_.size()));
    changes_.push_back(std::move(change));
  }

  /// The change at `index` stands here again: its scripts have the name of a tag in between.
  void rework(std::size_t index) {
    SqitchChange& earlier = changes_[index];
    earlier.reworked = true;
    for (const auto& [tag, position] : tags_) {
      if (position > index) earlier.rework_tags.push_back(tag);
    }
    if (earlier.rework_tags.empty()) {
      refuse("change " + earlier.name + " stands twice, without a tag in between",
             "The first one is at line " + std::to_string(earlier.line) + ".");
    }
  }

  void check_dependencies(const std::string& name, std::string_view list) {
    while (!(list = ascii::trim(list)).empty()) {
      std::string_view word = take_word(list);
      if (word.empty()) refuse("the dependencies of " + name + " cannot be read", {});
      const bool conflicts = word.starts_with('!');
      if (conflicts) word.remove_prefix(1);
      if (const std::size_t colon = word.find(':'); colon != std::string_view::npos) {
        const std::string_view project = word.substr(0, colon);
        if (!project.empty() && project != project_) continue;
        word.remove_prefix(colon + 1);
      }
      if (is_known(word) != conflicts) continue;
      refuse("change " + name + (conflicts ? " conflicts with " : " requires ") + std::string{word} +
                 (conflicts ? ", which stands above it" : ", which does not stand above it"),
             conflicts ? "Take one of them out of the plan." : "Move it above, or correct its name.");
    }
  }

  /// A change, `change@tag`, or `@tag`, that stands above.
  [[nodiscard]] bool is_known(std::string_view word) const {
    const std::size_t at = word.find('@');
    const std::string_view tag = at == std::string_view::npos ? std::string_view{} : word.substr(at + 1);
    const std::string_view name = word.substr(0, at);
    const bool has_tag =
        tag.empty() || std::any_of(tags_.begin(), tags_.end(), [&](const auto& known) { return known.first == tag; });
    return has_tag && (name.empty() || by_name_.contains(std::string{name}));
  }

  [[noreturn]] void refuse(const std::string& message, std::string hint) const {
    throw Error(ErrorKind::bad_file, message, std::move(hint), std::string{file_}, line_);
  }

  std::string_view file_;
  std::string_view project_;
  int line_ = 0;
  std::vector<SqitchChange> changes_;
  std::unordered_map<std::string, std::size_t> by_name_;   ///< index of the last one of each name
  std::vector<std::pair<std::string, std::size_t>> tags_;  ///< and how many changes stand above each
};

}  // namespace

std::vector<SqitchChange> parse_sqitch_plan(std::string_view file, std::string_view text) {
  return PlanReader{file}.read(text);
}

}  // namespace tenancy::core
