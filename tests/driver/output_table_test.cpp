#include "driver/output/table.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "driver/output/tree.h"

namespace tenancy::driver {
namespace {

std::string tenants(const Appearance& appearance) {
  std::string out;
  Table table({{"TENANT", Align::left, true}, {"PENDING", Align::right}, {"STATE"}, {"DETAIL", Align::left, true}},
              appearance, [&out](std::string_view lines) { out += lines; });
  table.add({"acme", "0", {"current", Color::green}, ""});
  table.add({"株式会社", "1,204", {"behind", Color::yellow}, ""});
  table.add({"a\x1b[2Jb", "3", {"diverged", Color::red}, "003 was applied with another text than the stored one"});
  table.finish();
  return out;
}

TEST(Table, IsAsWideAsWhatItHolds) {
  EXPECT_EQ(tenants({}), R"(TENANT     PENDING  STATE     DETAIL
acme             0  current
株式会社     1,204  behind
a\x1b[2Jb        3  diverged  003 was applied with another text than the stored one
)");
}

TEST(Table, IsCutToTheTerminal) {
  EXPECT_EQ(tenants({.columns = 40}), R"(TENANT     PENDING  STATE     DETAIL
acme             0  current
株式会社     1,204  behind
a\x1b[2Jb        3  diverged  003 was a…
)");
  EXPECT_EQ(tenants({.columns = 80}), R"(TENANT     PENDING  STATE     DETAIL
acme             0  current
株式会社     1,204  behind
a\x1b[2Jb        3  diverged  003 was applied with another text than the stored…
)");
  EXPECT_EQ(tenants({.columns = 200}), tenants({}));
}

TEST(Table, PaintsWordsAndNotTheirSpaces) {
  std::string out;
  Table table({{"STATE"}, {"N", Align::right}}, {.color = true}, [&out](std::string_view lines) { out += lines; });
  table.add({{"behind", Color::yellow}, "1"});
  table.finish();
  EXPECT_EQ(out, "\x1b[1mSTATE\x1b[0m   \x1b[1mN\x1b[0m\n\x1b[33mbehind\x1b[0m  1\n");
}

TEST(Table, WritesNothingWithoutRows) {
  Table table({{"TENANT"}}, {}, [](std::string_view) { FAIL() << "nothing to write"; });
  table.finish();
  EXPECT_EQ(table.rows(), 0U);
  EXPECT_THROW(table.add({"one", "too many"}), std::logic_error);
}

TEST(Table, WritesLongTablesPieceByPiece) {
  std::size_t writes = 0;
  std::string last;
  Table table({{"TENANT"}, {"N"}}, {.columns = 40}, [&](std::string_view lines) {
    ++writes;
    last = lines;
  });
  for (int i = 0; i < 1000; ++i) table.add({"acme", "1"});
  EXPECT_EQ(writes, 1U);
  table.add({"a later and wider one", "2"});
  table.finish();
  EXPECT_EQ(writes, 2U);
  EXPECT_EQ(last, "a lat…  2\n") << "no second title, and the widths of the first rows";
  EXPECT_EQ(table.rows(), 1001U);
}

const std::vector<TreeNode> kServers{
    {.text = "eu",
     .note = "2 databases",
     .children = {{.text = "app", .children = {{.text = "acme", .note = "behind by 2", .color = Color::yellow}}},
                  {.text = "株式会社", .note = "current"}}},
    {.text = "us\n", .note = "unreachable", .color = Color::red}};

TEST(Tree, ShowsWhatBelongsToWhat) {
  EXPECT_EQ(tree_text(kServers, {}), R"(eu  2 databases
├─ app
│  └─ acme  behind by 2
└─ 株式会社  current
us\n  unreachable
)");
  EXPECT_EQ(tree_text(kServers, {.utf8 = false}), R"(eu  2 databases
|- app
|  `- acme  behind by 2
`- 株式会社  current
us\n  unreachable
)");
}

TEST(Tree, IsCutToTheTerminalAndPainted) {
  EXPECT_EQ(tree_text(kServers, {.color = true, .columns = 16}),
            "eu  2 databases\n"
            "├─ app\n"
            "│  └─ acme  \x1b[33mbeh…\x1b[0m\n"
            "└─ 株式会社  cu…\n"
            "us\\n  \x1b[31munreachab…\x1b[0m\n");
}

}  // namespace
}  // namespace tenancy::driver
