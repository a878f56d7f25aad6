#include "core/version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tenancy::core {
namespace {

/// Ascending; versions of one row are the same version.
const std::vector<std::vector<std::string>> kAscending{
    {"0", "00", "000"},
    {"0.1", "0-1", "0_1", "0.01"},
    {"1", "01", "0001"},
    {"1+build", "01+build"},
    {"1.", "1-"},
    {"1..1"},
    {"1.0", "1-0", "1_00"},
    {"1.1"},
    {"1.1.1", "1-1-1", "1.1_1"},
    {"1.1a"},
    {"1.2"},
    {"1.2.3"},
    {"1.10", "1.010"},
    {"1.a"},
    {"1@x"},
    {"1A"},
    {"1a"},
    {"1a1", "1a01"},
    {"1a2"},
    {"1a10"},
    {"1b"},
    {"2"},
    {"9", "09"},
    {"10"},
    {"11.1"},
    {"99"},
    {"100"},
    {"1899.01.01", "1899-01-01"},
    {"2018.4"},
    {"2018.4.24", "2018.04.24", "2018_04_24", "2018-4-24"},
    {"2018-04-241"},
    {"2018.13.01", "2018-13-01"},
    {"9999"},
    {"20180424", "2018-04-24"},
    {"20180424.1", "2018-04-24-1", "2018-04-24_01"},
    {"2018-04-24-14512", "20180424-14512"},
    {"2018-04-24-1451280"},
    {"2018-04-24.a", "20180424-a"},
    {"2018-04-24a", "20180424a"},
    {"20180425"},
    {"201804241451", "2018-04-24-1451"},
    {"20180424145128", "2018-04-24-145128"},
    {"20260730140000", "2026-07-30-140000"},
    {"2026-07-30-140000-0", "2026-07-30-140000-0000", "20260730140000-0000", "20260730140000.0"},
    {"2026-07-30-140000-0001"},
    {"2026-07-30-140000-0010"},
    {"20260730140001", "2026-07-30-140001"},
    {"99999999999999999999", "099999999999999999999"},
    {"100000000000000000000"},
    {"A"},
    {"Z"},
    {"a"},
    {"a.1", "a-1", "a_1"},
    {"a1", "a01"},
    {"a2"},
    {"a10"},
    {"ab"},
    {"v1"},
    {"v1.2"},
    {"v2"},
    {"v10"},
};

TEST(VersionKey, OrdersTheWholeTable) {
  for (std::size_t i = 0; i < kAscending.size(); ++i) {
    for (std::size_t j = 0; j < kAscending.size(); ++j) {
      for (const std::string& left : kAscending[i]) {
        for (const std::string& right : kAscending[j]) {
          EXPECT_EQ(compare_versions(left, right), i <=> j) << left << " and " << right;
        }
      }
    }
  }
}

TEST(VersionKey, IsTransitive) {
  std::vector<std::string> versions;
  for (const auto& row : kAscending) versions.insert(versions.end(), row.begin(), row.end());
  for (const std::string& a : versions) {
    for (const std::string& b : versions) {
      if (compare_versions(a, b) > 0) continue;
      for (const std::string& c : versions) {
        if (compare_versions(b, c) <= 0) {
          EXPECT_LE(version_key(a), version_key(c)) << a << ", " << b << ", " << c;
        }
      }
    }
  }
}

TEST(VersionKey, ReadsHundredsOfDigits) {
  const std::string nines(500, '9');
  const std::string power = "1" + std::string(500, '0');
  EXPECT_EQ(compare_versions(nines, power), std::strong_ordering::less);
  EXPECT_EQ(compare_versions(std::string(300, '0') + nines, nines), std::strong_ordering::equal);
  EXPECT_EQ(compare_versions(nines + ".1", power), std::strong_ordering::less);
  EXPECT_EQ(compare_versions(nines.substr(1) + "8", nines), std::strong_ordering::less);
}

TEST(VersionKey, OfNumbersOrdersAsNumbersDo) {
  for (int left = 0; left < 1200; left += 7) {
    for (int right = 0; right < 1200; right += 11) {
      EXPECT_EQ(compare_versions(std::to_string(left), std::to_string(right)), left <=> right);
    }
  }
}

TEST(VersionKey, KeepsTheOrderOfACounterBehindADate) {
  for (const int width : {4, 6}) {
    std::string last = "2026-07-30";
    for (const int counter : {0, 1, 9, 10, 2359, 2400, 9999}) {
      const std::string digits = std::to_string(counter);
      const std::string version =
          "2026-07-30-" + std::string(static_cast<std::size_t>(width) - digits.size(), '0') + digits;
      EXPECT_EQ(compare_versions(last, version), std::strong_ordering::less) << last << " and " << version;
      last = version;
    }
  }
}

TEST(VersionKey, IsPrintable) {
  for (const auto& row : kAscending) {
    for (const std::string& version : row) {
      const std::string key = version_key(version);
      EXPECT_TRUE(std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; })) << version;
    }
  }
  EXPECT_EQ(version_key(""), "");
}

TEST(IsVersion, TakesLettersDigitsAndSigns) {
  for (const char* version :
       {"1", "007", "a", "Z", "1.2.3", "1_a", "1-2", "1+2", "1@2", "headless", "Head", "base2", "2018-04-24-145128"}) {
    EXPECT_TRUE(is_version(version)) << version;
  }
  EXPECT_TRUE(is_version(std::string(kMaxVersionLength, '1')));
}

TEST(IsVersion, RefusesTheRest) {
  for (const char* version :
       {"", "head", "base", "+1", "-1", ".1", "_1", "@1", "1 2", "1/2", "1\n", "é", "1é", "1'", "1\\"}) {
    EXPECT_FALSE(is_version(version)) << version;
  }
  EXPECT_FALSE(is_version(std::string(kMaxVersionLength + 1, '1')));
  EXPECT_FALSE(is_version(std::string_view{"1\0", 2}));
}

}  // namespace
}  // namespace tenancy::core
