#include "core/revision.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using Kind = Revision::Kind;

MigrationSet set_of(std::initializer_list<const char*> versions) {
  std::vector<StoredMigration> migrations;
  for (const char* version : versions) {
    migrations.emplace_back().version = version;
    migrations.back().repeatable = std::string_view{version} == "views";
  }
  return {"default", std::move(migrations)};
}

TEST(Revision, IsParsed) {
  struct Case {
    const char* text;
    Revision revision;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"head", {Kind::head, 0, ""}},
           {"heads", {Kind::heads, 0, ""}},
           {"base", {Kind::base, 0, ""}},
           {"+1", {Kind::forward, 1, ""}},
           {"+9999", {Kind::forward, 9999, ""}},
           {"-1", {Kind::back, 1, ""}},
           {"-12", {Kind::back, 12, ""}},
           {"007", {Kind::version, 0, "007"}},
           {"2018-04", {Kind::version, 0, "2018-04"}},
           {"HEAD", {Kind::version, 0, "HEAD"}},
           {"v1.2", {Kind::version, 0, "v1.2"}},
       }) {
    EXPECT_EQ(parse_revision(c.text), c.revision) << c.text;
  }
}

TEST(Revision, RefusesOtherText) {
  for (const std::string text :
       {"", "+", "-", "+0", "-0", "+10000", "+99999999999", "+1x", "+-1", "--1", "+ 1", "1 2", " 1", "_1", "a/b"}) {
    EXPECT_THAT(error_of([&] { return parse_revision(text); }),
                IsError(ErrorKind::bad_value, "\"" + text + "\" is not a revision"));
  }
}

TEST(ResolveVersion, TakesTheExactThenTheEqualThenTheOnlyPrefix) {
  const MigrationSet set =
      set_of({"001", "0012", "007", "1.5", "20180424145128", "2026-07-30-140000-0000", "x9", "x91"});
  struct Case {
    const char* word;
    const char* version;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"001", "001"},
           {"1", "001"},
           {"7", "007"},
           {"0007", "007"},
           {"12", "0012"},
           {"1.", "1.5"},
           {"1-5", "1.5"},
           {"2018", "20180424145128"},
           {"2018-04-24-145128", "20180424145128"},
           {"2026-07", "2026-07-30-140000-0000"},
           {"20260730140000.0", "2026-07-30-140000-0000"},
           {"x9", "x9"},
           {"x09", "x9"},
       }) {
    EXPECT_EQ(set[resolve_version(set, c.word)].version, c.version) << c.word;
  }
}

TEST(ResolveVersion, NamesTheCandidatesOfAnAmbiguousPrefix) {
  const MigrationSet set = set_of({"010", "011", "012", "013", "014", "015", "016", "020"});
  EXPECT_THAT(error_of([&] { return resolve_version(set, "01"); }),
              IsError(ErrorKind::ambiguous_revision,
                      "revision \"01\" matches more than one migration of set default: 010, 011, 012, 013, 014 and 2 "
                      "more"));
  EXPECT_EQ(error_of([&] { return resolve_version(set, "0"); })->hint(), "Write more of the version.");
}

TEST(ResolveVersion, NamesTheNearestOfAnUnknownOne) {
  const MigrationSet set = set_of({"001", "007", "008", "012", "views"});
  const auto error = error_of([&] { return resolve_version(set, "0077"); });
  EXPECT_THAT(error, IsError(ErrorKind::unknown_revision, "no migration matches revision \"0077\" in set default"));
  EXPECT_EQ(error->hint(), "The nearest are 007, 001, 008. The newest is 012; see tenancy.migrations.");

  const auto hint = [&](const MigrationSet& in, std::string_view word) {
    return error_of([&] { return resolve_version(in, word); })->hint();
  };
  EXPECT_EQ(hint(set, "99999999"), "The newest is 012; see tenancy.migrations.");
  EXPECT_EQ(hint(set_of({"add_users"}), "add_usrs"),
            "The nearest is add_users. The newest is add_users; see "
            "tenancy.migrations.");
  EXPECT_EQ(hint(set_of({}), "1"), "The set has no versioned migrations.");
}

TEST(ResolveVersion, TakesNoRepeatableMigration) {
  const MigrationSet set = set_of({"001", "views"});
  EXPECT_THAT(error_of([&] { return resolve_version(set, "views"); }),
              IsError(ErrorKind::unknown_revision, "migration views of set default is repeatable, and no revision"));
  EXPECT_THAT(error_of([&] { return resolve_version(set, "vie"); }),
              IsError(ErrorKind::unknown_revision, "no migration matches revision \"vie\" in set default"));
}

TEST(ResolveVersion, TakesAnyBytes) {
  const MigrationSet set = set_of({"001", "002"});
  for (const std::string_view word : {std::string_view{}, std::string_view{"\0\xff", 2}, std::string_view{"'\""}}) {
    EXPECT_EQ(error_of([&] { return resolve_version(set, word); })->kind(), ErrorKind::unknown_revision);
  }
}

}  // namespace
}  // namespace tenancy::core
