#include <charconv>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"
#include "core/rollout.h"

namespace tenancy::core {

namespace {

constexpr std::size_t kThousandths = 1000;
constexpr std::size_t kFractionDigits = 3;
constexpr std::size_t kWholePercent = 100;

[[noreturn]] void refuse_budget(std::string_view text) {
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is not a number of failures",
              "Write a whole number of targets, or a percentage from 0% to 100% with at most three digits behind the "
              "point.");
}

/// The number that the text begins with, which is taken off; refuses what begins with none or is too large.
std::size_t take_number(std::string_view& rest, std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc{}) refuse_budget(text);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return number;
}

/// "5" behind a point is 500 thousandths.
std::size_t take_thousandths(std::string_view& rest, std::string_view text) {
  const std::size_t before = rest.size();
  std::size_t number = take_number(rest, text);
  const std::size_t digits = before - rest.size();
  if (digits > kFractionDigits) refuse_budget(text);
  for (std::size_t digit = digits; digit < kFractionDigits; ++digit) number *= 10;
  return number;
}

}  // namespace

bool FailureBudget::allows(std::size_t failed, std::size_t all) const noexcept {
  if (!is_percent) return failed <= most;
  return failed * kWholePercent * kThousandths <= all * (most * kThousandths + thousandths);
}

FailureBudget parse_failure_budget(std::string_view text) {
  FailureBudget budget;
  std::string_view rest = ascii::trim(text);
  budget.most = take_number(rest, text);
  const bool has_point = rest.starts_with('.');
  if (has_point) {
    rest.remove_prefix(1);
    budget.thousandths = take_thousandths(rest, text);
  }
  if (rest.empty() && !has_point) return budget;
  if (ascii::trim_left(rest) != "%") refuse_budget(text);
  budget.is_percent = true;
  if (budget.most > kWholePercent || (budget.most == kWholePercent && budget.thousandths > 0)) refuse_budget(text);
  return budget;
}

}  // namespace tenancy::core
