#include "core/store_digest.h"

#include <gmock/gmock.h>

namespace tenancy::core {
namespace {

using testing::Ne;

/// The text itself: what differs there differs in a checksum of it.
std::string as_it_is(std::string_view text) { return std::string(text); }

Migration migration() {
  Migration one;
  one.version = "001";
  one.down = SqlSection{"DROP TABLE a"};
  return one;
}

std::string digest(const Migration& one) { return digest_of(one, "sum", as_it_is).digest; }

TEST(StoreDigest, IsOfSetAndVersion) {
  Migration one = migration();
  one.set = "users";
  const StoredDigest stored = digest_of(one, "sum", as_it_is);
  EXPECT_EQ(stored.set, "users");
  EXPECT_EQ(stored.version, "001");
  EXPECT_EQ(stored.digest, digest(migration()));
}

TEST(StoreDigest, DiffersWithWhateverIsStored) {
  const std::string before = digest(migration());
  const auto changed = [](auto change) {
    Migration one = migration();
    change(one);
    return digest(one);
  };
  EXPECT_THAT(digest_of(migration(), "other", as_it_is).digest, Ne(before));
  EXPECT_THAT(changed([](Migration& one) { one.down.reset(); }), Ne(before));
  EXPECT_THAT(changed([](Migration& one) { one.down->sql.clear(); }), Ne(before));
  EXPECT_THAT(changed([](Migration& one) { one.after.emplace(); }), Ne(before));
  EXPECT_THAT(changed([](Migration& one) { one.lock_timeout = std::chrono::milliseconds(0); }), Ne(before));
  EXPECT_THAT(changed([](Migration& one) { one.statement_timeout = std::chrono::milliseconds(0); }), Ne(before));
  EXPECT_THAT(changed([](Migration& one) { one.tool_checksum = "7"; }), Ne(before));
}

TEST(StoreDigest, TellsFieldsApart) {
  Migration one = migration();
  Migration other = migration();
  one.branches = {"ab", "c"};
  other.branches = {"a", "bc"};
  EXPECT_THAT(digest(one), Ne(digest(other)));
  other.branches = {"ab"};
  other.required = {"c"};
  EXPECT_THAT(digest(one), Ne(digest(other)));
}

TEST(StoreDigest, OfManyDoesNotDependOnTheirOrder) {
  const StoredDigest first{"default", "001", "x"};
  const StoredDigest second{"default", "002", "y"};
  const StoredDigest tool = digest_of("default", SyncedTool{.tool = "Flyway"}, as_it_is);
  EXPECT_EQ(tool.version, std::nullopt);
  const std::string all = digest_of({first, second, tool}, as_it_is);
  EXPECT_EQ(digest_of({tool, second, first}, as_it_is), all);
  EXPECT_THAT(digest_of({first, second}, as_it_is), Ne(all));
  EXPECT_THAT(digest_of({{"default", "001", "y"}, {"default", "002", "x"}, tool}, as_it_is), Ne(all));
  EXPECT_THAT(digest_of({{"default", std::nullopt, "x"}}, as_it_is), Ne(digest_of({{"default", "", "x"}}, as_it_is)));
}

}  // namespace
}  // namespace tenancy::core
