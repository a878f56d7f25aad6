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

  SqitchPlan read(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      ++line_;
      read_line(ascii::trim(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return std::move(plan_);
  }

 private:
  void read_line(std::string_view text) {
    const std::size_t hash = find_note(text);
    const std::string_view note = hash < text.size() ? ascii::trim(text.substr(hash + 1)) : std::string_view{};
    text = ascii::trim_right(text.substr(0, hash));
    if (text.empty()) return;
    if (text.starts_with('%')) return read_pragma(text.substr(1));
    if (text.starts_with('-')) refuse("the plan takes a change back: " + quoted_text(text), "Take both lines away.");
    if (text.starts_with('+')) text = ascii::trim_left(text.substr(1));
    if (text.starts_with('@')) {
      const std::string name{take_word(text).substr(1)};
      if (!changes().empty()) changes().back().tags.push_back({name, std::string{note}, read_planned(text)});
      tags_.emplace_back(name, changes().size());
    } else {
      read_change(text, note);
    }
  }

  std::vector<SqitchChange>& changes() { return plan_.changes; }
  [[nodiscard]] const std::vector<SqitchChange>& changes() const { return plan_.changes; }

  void read_pragma(std::string_view text) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string_view name = ascii::trim(text.substr(0, equals));
    const std::string_view value = ascii::trim(text.substr(std::min(equals + 1, text.size())));
    if (name == "project") plan_.project = value;
    if (name == "uri") plan_.uri = value;
  }

  /// `2024-01-31T12:00:00Z Ann <ann@example.com>`; nothing where it is not that.
  static SqitchPlanned read_planned(std::string_view text) {
    constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
    const bool is_time = text.size() > kShape.size() &&
                         std::equal(kShape.begin(), kShape.end(), text.begin(),
                                    [](char shape, char c) { return shape == '0' ? ascii::is_digit(c) : shape == c; });
    if (!is_time) return {};
    const std::string_view planner = ascii::trim_left(text.substr(kShape.size()));
    const std::size_t begin = planner.find(" <");
    if (begin == std::string_view::npos || begin == 0 || !planner.ends_with('>')) return {};
    const std::string_view email = planner.substr(begin + 2, planner.size() - begin - 3);
    if (email.empty() || email.find('>') != std::string_view::npos) return {};
    return {std::string{text.substr(0, kShape.size())}, std::string{planner.substr(0, begin)}, std::string{email}};
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
    SqitchChange change{.name = std::string{take_word(text)}, .note = std::string{note}, .line = line_};
    if (text.starts_with('[')) {
      const std::size_t close = text.find(']');
      if (close == std::string_view::npos) refuse("the dependencies of " + change.name + " have no \"]\"", {});
      read_dependencies(change, text.substr(1, close - 1));
      text = ascii::trim_left(text.substr(close + 1));
    }
    change.planned = read_planned(text);
    const auto [before, is_new] = by_name_.try_emplace(change.name, changes().size());
    if (!is_new) rework(std::exchange(before->second, changes().size()));
    changes().push_back(std::move(change));
  }

  /// The change at `index` stands here again: its scripts have the name of a tag in between.
  void rework(std::size_t index) {
    SqitchChange& earlier = changes()[index];
    earlier.reworked = true;
    for (const auto& [tag, position] : tags_) {
      if (position > index) earlier.rework_tags.push_back(tag);
    }
    if (earlier.rework_tags.empty()) {
      refuse("change " + earlier.name + " stands twice, without a tag in between",
             "The first one is at line " + std::to_string(earlier.line) + ".");
    }
  }

  void read_dependencies(SqitchChange& change, std::string_view list) {
    const std::string& name = change.name;
    while (!(list = ascii::trim(list)).empty()) {
      std::string_view word = take_word(list);
      if (word.empty()) refuse("the dependencies of " + name + " cannot be read", {});
      const bool conflicts = word.starts_with('!');
      if (conflicts) word.remove_prefix(1);
      if (const std::size_t colon = word.find(':'); colon != std::string_view::npos) {
        const std::string_view project = word.substr(0, colon);
        if (!project.empty() && project != plan_.project) {
          if (conflicts) {
            change.conflicts.emplace_back(word);
          } else {
            change.required.push_back({std::string{word}, std::nullopt});
          }
          continue;
        }
        word.remove_prefix(colon + 1);
      }
      const std::optional<std::size_t> known = find(word);
      if (known && !conflicts) change.required.push_back({std::string{word}, known});
      if (!known && conflicts) change.conflicts.emplace_back(word);
      if (known.has_value() != conflicts) continue;
      refuse("change " + name + (conflicts ? " conflicts with " : " requires ") + std::string{word} +
                 (conflicts ? ", which stands above it" : ", which does not stand above it"),
             conflicts ? "Take one of them out of the plan." : "Move it above, or correct its name.");
    }
  }

  /// A change, `change@tag`, or `@tag`, that stands above.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view word) const {
    const std::size_t at = word.find('@');
    const std::string_view name = word.substr(0, at);
    std::size_t end = changes().size();
    if (at != std::string_view::npos) {
      const auto tag = std::find_if(tags_.begin(), tags_.end(),
                                    [&](const auto& known) { return known.first == word.substr(at + 1); });
      if (tag == tags_.end()) return std::nullopt;
      end = tag->second;
    }
    while (end-- > 0) {
      if (name.empty() || changes()[end].name == name) return end;
    }
    return std::nullopt;
  }

  [[noreturn]] void refuse(const std::string& message, std::string hint) const {
    throw Error(ErrorKind::bad_file, message, std::move(hint), std::string{file_}, line_);
  }

  std::string_view file_;
  int line_ = 0;
  SqitchPlan plan_;
  std::unordered_map<std::string, std::size_t> by_name_;   ///< index of the last one of each name
  std::vector<std::pair<std::string, std::size_t>> tags_;  ///< and how many changes stand above each
};

}  // namespace

SqitchPlan parse_sqitch_plan(std::string_view file, std::string_view text) { return PlanReader{file}.read(text); }

}  // namespace tenancy::core
