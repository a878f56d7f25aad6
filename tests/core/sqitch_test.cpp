#include "core/sqitch_registry.h"

#include "core/text_array.h"
#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using Files = std::vector<SourceFile>;

constexpr const char* kPlan =
    "%syntax-version=1.0.0\n%project=flipr\n\n"
    "schema 2013-12-30T23:19:24Z Ann <ann@example.com> # Add the schema\n"
    "users [schema] 2013-12-31T00:00:00Z Ann <ann@example.com>\n"
    "@v1 2014-01-01T00:00:00Z Ann <ann@example.com> # Tag v1\n"
    "# a comment\n"
    "sub/lists [users@v1 :schema other:thing !nothing @v1] 2014-01-02T00:00:00Z Ann <ann@example.com>\n"
    "@v2 2014-01-03T00:00:00Z Ann <ann@example.com>\n"
    "users [users@v1] 2014-01-04T00:00:00Z Ann <ann@example.com> # Reworks users\n";

Files with_plan(std::string plan, Files files) {
  files.push_back({"sqitch.plan", std::move(plan)});
  return files;
}

TEST(SqitchFolder, IsReadInThePlansOrder) {
  std::vector<std::string> passed_over;
  const auto migrations =
      parse_migration_folder(with_plan(kPlan, {{"deploy/users.sql", "-- Deploy\r\nBEGIN;\r\nnew;\r\nCOMMIT;\r\n"},
                                               {"deploy/users@v1.sql", "old;"},
                                               {"deploy/schema.sql", "a;"},
                                               {"revert/schema.sql", "BEGIN;\nb;\nCOMMIT;"},
                                               {"revert/users.sql", "back to old;"},
                                               {"verify/users.sql", "c;"},
                                               {"deploy/sub/lists.sql", "d;"},
                                               {"deploy/forgotten.sql", "e;"}}),
                             {}, &passed_over);
  ASSERT_EQ(migrations.size(), 4U);
  EXPECT_EQ(migrations[0].version, "0001");
  EXPECT_EQ(migrations[0].description, "schema: Add the schema");
  EXPECT_EQ(migrations[0].down, (SqlSection{"\nb;\n", 1}));
  EXPECT_EQ(migrations[1].filename, "deploy/users@v1.sql");
  EXPECT_EQ(migrations[1].up.sql, "old;\n");
  EXPECT_EQ(migrations[1].down, std::nullopt);
  EXPECT_EQ(migrations[2].filename, "deploy/sub/lists.sql");
  EXPECT_EQ(migrations[3].version, "0004");
  EXPECT_EQ(migrations[3].up, (SqlSection{"-- Deploy\n\nnew;\n", 1}));
  EXPECT_EQ(migrations[3].down, (SqlSection{"back to old;\n", 1}));
  EXPECT_THAT(passed_over, testing::ElementsAre("deploy/forgotten.sql"));
}

TEST(SqitchFolder, MayLieDeeper) {
  const auto migrations = parse_migration_folder(
      Files{{"tenant/sqitch.plan", "a 2013-12-30T23:19:24Z A <a@b.c>"}, {"tenant/deploy/a.sql", "a;"}},
      {"x", Scope::both});
  ASSERT_EQ(migrations.size(), 1U);
  EXPECT_EQ(migrations[0].scope, Scope::tenant);
  EXPECT_EQ(migrations[0].filename, "tenant/deploy/a.sql");
}

TEST(SqitchPlan, RefusesWhatDoesNotFit) {
  struct Case {
    const char* plan;
    int line;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"a t\n\nb [c] t", 3, "change b requires c, which does not stand above it"},
           {"a t\nb [a@v1] t", 2, "change b requires a@v1, which does not stand above it"},
           {"a t\nb [!a] t", 2, "change b conflicts with a, which stands above it"},
           {"%project=x\nb [x:c] t", 2, "change b requires c, which does not stand above it"},
           {"a t\na t", 2, "change a stands twice, without a tag in between"},
           {"a [b t", 1, "the dependencies of a have no \"]\""},
           {"a t\n-a t", 2, "the plan takes a change back: \"-a t\""},
       }) {
    const auto error = error_of([&] { return parse_sqitch_plan("sqitch.plan", c.plan); });
    EXPECT_THAT(error, IsErrorAt(ErrorKind::bad_file, c.line, c.message)) << c.plan;
    EXPECT_EQ(error->file(), "sqitch.plan");
  }
}

/// Names what it was asked for by its place.
class Hashes {
 public:
  Sha1 function() {
    return [this](std::string_view bytes) {
      asked_.emplace_back(bytes);
      return "#" + std::to_string(asked_.size());
    };
  }
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }

 private:
  std::vector<std::string> asked_;
};

TEST(SqitchRecords, HoldWhatSqitchHashes) {
  const SqitchPlan plan =
      parse_sqitch_plan("sqitch.plan",
                        "%project = flipr\n% uri=https://example.com/flipr\n\n"
                        "schema 2013-12-30T23:19:24Z Ann B. <ann@example.com> # Add\\nthe \\\\ schema\n"
                        "users [schema !flipr:gone !other:thing] 2013-12-31T00:00:00Z Ann <ann@example.com>\n"
                        "@v1 2014-01-01T00:00:00Z Bob <bob@example.com> # Tag v1\n");
  Hashes hashes;
  const std::vector<std::string_view> scripts{"CREATE", "ALTER"};
  const std::vector<std::string> records = sqitch_records(plan, scripts, hashes.function());
  const std::string nothing(1, '\0');
  const std::string head = "project flipr\nuri https://example.com/flipr\n";
  ASSERT_EQ(hashes.asked().size(), 5U);
  EXPECT_EQ(hashes.asked()[0], "change 134" + nothing + head +
                                   "change schema\nplanner Ann B. <ann@example.com>\ndate 2013-12-30T23:19:24Z\n\n"
                                   "Add\nthe \\ schema");
  EXPECT_EQ(hashes.asked()[1], "CREATE");
  EXPECT_EQ(hashes.asked()[2], "change 177" + nothing + head +
                                   "change users\nparent #1\nplanner Ann <ann@example.com>\ndate 2013-12-31T00:00:00Z\n"
                                   "requires\n  + schema\nconflicts\n  - gone\n  - other:thing");
  EXPECT_EQ(hashes.asked()[4], "tag 125" + nothing + head +
                                   "tag @v1\nchange #3\nplanner Bob <bob@example.com>\ndate 2014-01-01T00:00:00Z\n\n"
                                   "Tag v1");
  ASSERT_EQ(records.size(), 2U);
  const std::vector<std::string> record = parse_text_array(records[1]);
  EXPECT_THAT(record,
              testing::ElementsAre("flipr", "https://example.com/flipr", "#3", "#4", "users", "",
                                   "2013-12-31T00:00:00Z", "Ann", "ann@example.com", R"({"schema"})", R"({"#1"})",
                                   R"({"gone","other:thing"})", R"({"#5"})", R"({"@v1"})", R"({"Tag v1"})",
                                   R"({"2014-01-01T00:00:00Z"})", R"({"Bob"})", R"({"bob@example.com"})"));
}

TEST(SqitchRecords, EndWhereThePlanDoesNotSayAll) {
  const auto known = [](const std::string& plan) {
    Hashes hashes;
    const std::vector<std::string_view> scripts(3);
    std::string result;
    for (const std::string& record : sqitch_records(parse_sqitch_plan("sqitch.plan", plan), scripts, hashes.function()))
      result += record.empty() ? '-' : '+';
    return result;
  };
  const std::string planned = " 2014-01-01T00:00:00Z Ann <ann@example.com>\n";
  EXPECT_EQ(known("%project=p\n\na" + planned + "b" + planned), "++");
  EXPECT_EQ(known("a" + planned), "-") << "of no project";
  EXPECT_EQ(known("%project=p\n%uri=https://Example.com\n\na" + planned), "-");
  EXPECT_EQ(known("%project=p\n\na" + planned + "b t\nc" + planned), "+--");
  EXPECT_EQ(known("%project=p\n\na" + planned + "b [other:c]" + planned), "+-");
  EXPECT_EQ(known("%project=p\n\na" + planned + "@v1 t\nb" + planned), "--");
}

TEST(SqitchFolder, RefusesMissingScripts) {
  const auto error = [](const Files& files) { return error_of([&] { return parse_migration_folder(files); }); };
  EXPECT_THAT(error(with_plan("a t\n\nb t", {{"deploy/a.sql", "a"}})),
              IsErrorAt(ErrorKind::bad_file, 3, "change b has no script deploy/b.sql"));
  EXPECT_THAT(error(with_plan("a t\n@v1 t\na t", {{"deploy/a.sql", "a"}})),
              IsErrorAt(ErrorKind::bad_file, 1, "change a has no script deploy/a@v1.sql"));
  EXPECT_THAT(error(with_plan("", {{"x/sqitch.plan", ""}})),
              IsError(ErrorKind::bad_file, "a second plan beside x/sqitch.plan"));
  EXPECT_THAT(error(with_plan("", {{"deploy/a.sql", "a"}})),
              IsError(ErrorKind::bad_file, "the plan does not name this script"));
  FileDefaults defaults;
  defaults.format = Format::sqitch;
  EXPECT_THAT(error_of([&] {
                return parse_migration_folder(Files{{"deploy/a.sql", "a"}}, defaults);
              }),
              IsError(ErrorKind::bad_file, "there is no sqitch.plan"));
  EXPECT_THAT(error_of([&] { return parse_migration_file("deploy/a.sql", "a", defaults); }),
              IsError(ErrorKind::bad_file, "a script of sqitch is no migration without its plan"));
}

}  // namespace
}  // namespace tenancy::core
