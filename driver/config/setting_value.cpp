#include "driver/config/setting_value.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"
#include "core/migration_file.h"

namespace tenancy::driver {

namespace {

/// Words and what they mean; the first word of a meaning is the one that is shown.
template <class Meaning, std::size_t kSize>
using Words = std::array<std::pair<std::string_view, Meaning>, kSize>;

constexpr Words<bool, 8> kTruth{{{"true", true},
                                 {"false", false},
                                 {"on", true},
                                 {"off", false},
                                 {"yes", true},
                                 {"no", false},
                                 {"1", true},
                                 {"0", false}}};
constexpr Words<core::OutOfOrder, 3> kOutOfOrder{
    {{"refuse", core::OutOfOrder::refuse}, {"apply", core::OutOfOrder::apply}, {"skip", core::OutOfOrder::skip}}};
constexpr Words<RunAs, 3> kRunAs{{{"auto", RunAs::automatic}, {"caller", RunAs::caller}, {"owner", RunAs::owner}}};
constexpr Words<ColorMode, 3> kColor{
    {{"auto", ColorMode::automatic}, {"always", ColorMode::always}, {"never", ColorMode::never}}};
constexpr Words<core::Scope, 3> kScope{
    {{"public", core::Scope::shared}, {"tenant", core::Scope::tenant}, {"both", core::Scope::both}}};

const std::string& only(const GivenValue& value) {
  if (value.items.size() != 1) throw std::invalid_argument("must be one value");
  return value.items.front();
}

template <class Meaning, std::size_t kSize>
Meaning meaning_of(const Words<Meaning, kSize>& words, const GivenValue& value) {
  const std::string& text = only(value);
  for (const auto& [word, meaning] : words) {
    if (core::ascii::equals_ignoring_case(word, text)) return meaning;
  }
  // Of the words for true and false two are enough.
  std::size_t const shown = std::is_same_v<Meaning, bool> ? 2 : kSize;
  std::string known;
  for (std::size_t i = 0; i < shown; ++i) {
    known += fmt::format("{}{}", i == 0 ? "" : i + 1 < shown ? ", " : " or ", words[i].first);
  }
  throw std::invalid_argument(fmt::format("must be {}, not {}", known, core::quoted_text(text)));
}

template <class Meaning, std::size_t kSize>
std::string word_of(const Words<Meaning, kSize>& words, Meaning value) {
  for (const auto& [word, meaning] : words) {
    if (meaning == value) return std::string(word);
  }
  throw std::logic_error("a value without a word");
}

/// The core's errors say what to write in a hint; here that is a part of the message.
template <class Parse>
auto parsed(const GivenValue& value, Parse parse) {
  try {
    return parse(std::string_view(only(value)));
  } catch (const core::Error& error) {
    throw std::invalid_argument(fmt::format("{}{}{}", error.what(), error.hint().empty() ? "" : ". ", error.hint()));
  }
}

}  // namespace

void read_value(const GivenValue& value, std::string& target) { target = only(value); }
void read_value(const GivenValue& value, bool& target) { target = meaning_of(kTruth, value); }
void read_value(const GivenValue& value, std::filesystem::path& target) {
  if (only(value).empty()) throw std::invalid_argument("must not be empty");
  target = (value.base / only(value)).lexically_normal();
}
void read_value(const GivenValue& value, std::vector<std::string>& target) { target = value.items; }
void read_value(const GivenValue& value, std::chrono::milliseconds& target) {
  target = parsed(value, [](std::string_view text) { return core::parse_duration(text); });
}
void read_value(const GivenValue& value, core::FailureBudget& target) {
  target = parsed(value, [](std::string_view text) { return core::parse_failure_budget(text); });
}
void read_value(const GivenValue& value, core::Scope& target) { target = meaning_of(kScope, value); }
void read_value(const GivenValue& value, std::optional<core::Format>& target) {
  target = parsed(value, [](std::string_view text) {
    return text == "auto" ? std::nullopt : std::optional(core::parse_format(text));
  });
}
void read_value(const GivenValue& value, core::OutOfOrder& target) { target = meaning_of(kOutOfOrder, value); }
void read_value(const GivenValue& value, RunAs& target) { target = meaning_of(kRunAs, value); }
void read_value(const GivenValue& value, ColorMode& target) { target = meaning_of(kColor, value); }

std::int64_t read_number(const GivenValue& value, std::int64_t least, std::int64_t most) {
  const std::string& text = only(value);
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) {
    throw std::invalid_argument(
        fmt::format("must be a whole number from {} to {}, not {}", least, most, core::quoted_text(text)));
  }
  return number;
}

std::string value_text(const std::string& value) { return value; }
std::string value_text(bool value) { return word_of(kTruth, value); }
std::string value_text(const std::filesystem::path& value) { return value.string(); }
std::string value_text(const std::vector<std::string>& value) { return fmt::format("{}", fmt::join(value, ", ")); }

std::string value_text(std::chrono::milliseconds value) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> units{
      {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}}};
  std::int64_t const count = value.count();
  for (const auto& [unit, milliseconds] : units) {
    if (count != 0 && count % milliseconds == 0) return fmt::format("{}{}", count / milliseconds, unit);
  }
  return count == 0 ? "0" : fmt::format("{}ms", count);
}

std::string value_text(const core::FailureBudget& value) {
  if (!value.is_percent) return fmt::format("{}", value.most);
  if (value.thousandths == 0) return fmt::format("{}%", value.most);
  std::string digits = fmt::format("{:03}", value.thousandths);
  while (digits.back() == '0') digits.pop_back();
  return fmt::format("{}.{}%", value.most, digits);
}

std::string value_text(core::Scope value) { return word_of(kScope, value); }
std::string value_text(std::optional<core::Format> value) {
  return value ? std::string(core::to_string(*value)) : "auto";
}
std::string value_text(core::OutOfOrder value) { return word_of(kOutOfOrder, value); }
std::string value_text(RunAs value) { return word_of(kRunAs, value); }
std::string value_text(ColorMode value) { return word_of(kColor, value); }

}  // namespace tenancy::driver
