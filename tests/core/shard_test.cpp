#include "core/shard.h"

#include <gtest/gtest.h>

#include <string>

namespace tenancy::core {
namespace {

TEST(Shard, HashIsFnv1aOf64Bits) {
  EXPECT_EQ(shard_hash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(shard_hash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(shard_hash("foobar"), 0x85944171f73967e8u);
  EXPECT_EQ(shard_hash("\xff"), 0xaf64724c8602eb6eu);
}

TEST(Shard, EveryTenantIsInExactlyOne) {
  std::size_t total = 0;
  for (std::size_t index = 1; index <= 5; ++index) {
    std::size_t size = 0;
    for (int i = 0; i < 1000; ++i) size += is_in_shard("tenant_" + std::to_string(i), index, 5) ? 1 : 0;
    EXPECT_GT(size, 150u) << index;
    total += size;
  }
  EXPECT_EQ(total, 1000u);
}

TEST(Shard, OneShardHasAll) {
  EXPECT_TRUE(is_in_shard("acme", 1, 1));
  EXPECT_TRUE(is_in_shard("", 1, 1));
}

}  // namespace
}  // namespace tenancy::core
