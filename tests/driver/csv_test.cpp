#include "driver/files/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver/command/failure.h"

namespace tenancy::driver {
namespace {

using testing::ElementsAre;

std::vector<std::vector<std::string>> values_of(std::string_view text) {
  std::vector<std::vector<std::string>> values;
  for (CsvRecord& record : parse_csv(text)) values.push_back(std::move(record.values));
  return values;
}

TEST(Csv, PlainValues) {
  EXPECT_THAT(values_of("id,tier\nacme,gold\nglobex,\n"),
              ElementsAre(ElementsAre("id", "tier"), ElementsAre("acme", "gold"), ElementsAre("globex", "")));
  EXPECT_THAT(values_of(""), ElementsAre());
  EXPECT_THAT(values_of("\n\n"), ElementsAre());
  EXPECT_THAT(values_of("id"), ElementsAre(ElementsAre("id")));
}

TEST(Csv, WhatSpreadsheetsWrite) {
  EXPECT_THAT(values_of("\xef\xbb\xbfid,labels\r\nacme,\"{\"\"a\"\": 1}\"\r\n\r\n\"a,b\",\"\"\r\n"),
              ElementsAre(ElementsAre("id", "labels"), ElementsAre("acme", "{\"a\": 1}"), ElementsAre("a,b", "")));
}

TEST(Csv, LinesAreCountedThroughQuotes) {
  std::vector<CsvRecord> const records = parse_csv("id\n\"a\nb\"\n\nc\n");
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].values, (std::vector<std::string>{"a\nb"}));
  EXPECT_EQ(records[1].line, 2);
  EXPECT_EQ(records[2].line, 5);
}

TEST(Csv, QuoteThatDoesNotEnd) {
  try {
    (void)parse_csv("id\n\"acme\n");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "line 2: a quote does not end");
  }
}

}  // namespace
}  // namespace tenancy::driver
