#include "driver/fleet/work_queue.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace tenancy::driver {
namespace {

using core::Direction;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const TimePoint kNow{seconds(1000)};
using Session = std::optional<Place>;

Target tenant(const std::string& id, const std::string& server = "", const std::string& database = "") {
  return {.tenant = id, .server = server, .database = database, .schema = id};
}

Target shared(const std::string& server = "", const std::string& database = "", const std::string& set = "default") {
  Target target{.server = server, .database = database, .schema = "public", .kind = core::TargetKind::shared};
  target.migration_set = set;
  return target;
}

class Queue : public WorkQueue {
 public:
  explicit Queue(Direction direction = Direction::up, std::size_t bound = 0)
      : WorkQueue(direction, {}, [bound](const std::string&) { return bound; }) {}

  /// Takes with a session there, and counts the new one as reached.
  std::optional<Taken> take_and_connect(const Session& session = std::nullopt, TimePoint now = kNow) {
    std::optional<Taken> taken = take(session, now);
    if (taken && taken->connects) {
      if (session) gate(session->server).closed();
      gate(taken->item.target.server).reached();
    }
    return taken;
  }

  /// What lanes without a session would take, all at once.
  std::vector<std::string> take_all(TimePoint now = kNow) {
    std::vector<std::string> names;
    while (auto taken = take_and_connect(std::nullopt, now)) {
      names.push_back(taken->item.target.schema);
      in_hand.push_back(taken->item);
    }
    return names;
  }

  void end_all(bool success = true) {
    for (const WorkItem& item : in_hand) end(item.target, success);
    in_hand.clear();
  }

  std::vector<WorkItem> in_hand;
};

TEST(WorkQueue, KeepsTheOrder) {
  Queue queue;
  for (const char* const id : {"c", "a", "b"}) queue.add(tenant(id));
  EXPECT_EQ(queue.waiting(), 3U);
  EXPECT_THAT(queue.take_all(), ElementsAre("c", "a", "b"));
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(queue.WorkQueue::in_hand(), 3U);
  queue.end_all();
  EXPECT_EQ(queue.WorkQueue::in_hand(), 0U);
}

TEST(WorkQueue, KeepsALaneInItsDatabase) {
  Queue queue;
  queue.add(tenant("a", "", "one"));
  queue.add(tenant("b", "", "two"));
  queue.add(tenant("c", "", "one"));
  auto first = queue.take_and_connect();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->connects);
  EXPECT_EQ(first->item.target.tenant, "a");
  auto second = queue.take_and_connect(place_of(first->item.target));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->item.target.tenant, "c");
  EXPECT_FALSE(second->connects);
  auto third = queue.take_and_connect(place_of(first->item.target));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->item.target.tenant, "b");
  EXPECT_TRUE(third->connects);
}

TEST(WorkQueue, KeepsServersBelowTheirBound) {
  Queue queue(Direction::up, 2);
  for (const char* const id : {"a", "b", "c"}) queue.add(tenant(id, "eu", id));
  for (const char* const id : {"x", "y", "z"}) queue.add(tenant(id, "us", id));
  EXPECT_THAT(queue.take_all(), ElementsAre("a", "x", "b", "y"));
  // A lane that is there already may go on there.
  auto next = queue.take_and_connect(Place{"eu", "a"});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->item.target.tenant, "c");
  EXPECT_FALSE(queue.take(std::nullopt, kNow));
}

TEST(WorkQueue, TakesASharedSchemaBeforeItsTenants) {
  Queue queue;
  queue.add(tenant("a", "", "pool"));
  queue.add(tenant("b", "", "other"));
  queue.add(shared("", "pool"));
  EXPECT_THAT(queue.take_all(), ElementsAre("public", "b"));
  queue.end_all();
  EXPECT_THAT(queue.take_all(), ElementsAre("a"));
}

TEST(WorkQueue, TakesTheSharedSchemaOfTheControlDatabaseBeforeEverything) {
  Queue queue;
  queue.add(shared());
  queue.add(tenant("a"));
  queue.add(tenant("b", "eu", "b"));
  queue.add(shared("eu", "pool"));
  EXPECT_THAT(queue.take_all(), ElementsAre("public", "public"));
  queue.end_all();
  EXPECT_THAT(queue.take_all(), ElementsAre("a", "b"));
}

TEST(WorkQueue, TakesTheSetsOfASharedSchemaOneByOne) {
  Queue queue;
  queue.add(shared("", "", "default"));
  queue.add(shared("", "", "billing"));
  EXPECT_THAT(queue.take_all(), ElementsAre("public"));
  queue.end_all();
  EXPECT_THAT(queue.take_all(), ElementsAre("public"));
}

TEST(WorkQueue, TakesASharedSchemaBehindItsTenantsDownwards) {
  Queue queue(Direction::down);
  queue.add(tenant("a", "", "pool"));
  queue.add(shared("", "pool"));
  EXPECT_THAT(queue.take_all(), ElementsAre("a"));
  auto const delayed = queue.in_hand[0];
  queue.in_hand.clear();
  queue.give_back(delayed, kNow + seconds(1));
  EXPECT_THAT(queue.take_all(), IsEmpty()) << "its tenant is still to come";
  EXPECT_THAT(queue.take_all(kNow + seconds(1)), ElementsAre("a"));
  queue.end_all();
  EXPECT_THAT(queue.take_all(), ElementsAre("public"));
}

TEST(WorkQueue, RefusesWhatNeedsASharedSchemaThatFailed) {
  Queue queue;
  queue.add(shared("", "pool"));
  ASSERT_THAT(queue.take_all(), ElementsAre("public"));
  queue.end_all(false);
  queue.add(tenant("a", "", "pool"));
  Target billing = tenant("b", "", "pool");
  billing.migration_set = "billing";
  queue.add(billing);
  auto refused = queue.take(std::nullopt, kNow);
  ASSERT_TRUE(refused && refused->refusal);
  EXPECT_FALSE(refused->connects);
  EXPECT_EQ(refused->refusal->message,
            "tenant \"a\" (database \"pool\", schema \"a\"): left as it is: the shared schema of its database failed");
  auto other_set = queue.take(std::nullopt, kNow);
  ASSERT_TRUE(other_set);
  EXPECT_FALSE(other_set->refusal);
}

TEST(WorkQueue, RefusesASharedSchemaWhoseTenantsFailedDownwards) {
  Queue queue(Direction::down);
  queue.add(tenant("a", "", "pool"));
  queue.add(shared("", "pool"));
  ASSERT_THAT(queue.take_all(), ElementsAre("a"));
  queue.end_all(false);
  auto refused = queue.take(std::nullopt, kNow);
  ASSERT_TRUE(refused && refused->refusal);
  EXPECT_THAT(refused->refusal->message, testing::HasSubstr("tenants of its database failed"));
}

TEST(WorkQueue, BringsBackTargetsBehindTheOthersWhenTheirTimeHasCome) {
  Queue queue;
  for (const char* const id : {"a", "b", "c"}) queue.add(tenant(id));
  auto taken = queue.take_and_connect();
  ASSERT_TRUE(taken);
  taken->item.failed_attempts = 1;
  queue.give_back(taken->item, kNow + seconds(5));
  EXPECT_EQ(queue.waiting(), 3U);
  EXPECT_EQ(queue.wakes_at(kNow), kNow + seconds(5));
  EXPECT_THAT(queue.take_all(), ElementsAre("b", "c"));
  queue.add(tenant("d"));
  EXPECT_THAT(queue.take_all(kNow + seconds(5)), ElementsAre("d", "a"));
  EXPECT_EQ(queue.in_hand.back().failed_attempts, 1);
  EXPECT_EQ(queue.wakes_at(kNow), std::nullopt);
}

TEST(WorkQueue, KeepsThePlaceOfATargetThatWasNotBegun) {
  Queue queue;
  queue.add(tenant("a"));
  queue.add(tenant("b"));
  auto taken = queue.take_and_connect();
  ASSERT_TRUE(taken);
  queue.give_back(taken->item);
  EXPECT_THAT(queue.take_all(), ElementsAre("a", "b"));
}

TEST(WorkQueue, RefusesTheTargetsOfAServerThatIsGivenUp) {
  Queue queue;
  queue.add(tenant("a", "eu"));
  queue.add(tenant("b", "eu"));
  queue.add(tenant("c", "us"));
  auto taken = queue.take(std::nullopt, kNow);
  ASSERT_TRUE(taken && taken->connects);
  const ServerError error(ServerError::Kind::unreached, {.sqlstate = "28P01", .message = "wrong password"});
  EXPECT_EQ(queue.gate("eu").unreached(error, taken->known_failures, kNow, 0), ServerGate::Verdict::server_fails);
  queue.end(taken->item.target, false);
  auto next = queue.take(std::nullopt, kNow);
  ASSERT_TRUE(next && next->refusal);
  EXPECT_EQ(next->refusal->message, "wrong password");
  queue.end(next->item.target, false);
  auto other = queue.take(std::nullopt, kNow);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->item.target.server, "us");
  EXPECT_FALSE(other->refusal);
}

TEST(WorkQueue, TakesOneSetOfASchemaAtATime) {
  Queue queue;
  Target analytics = tenant("acme");
  analytics.migration_set = "analytics";
  queue.add(tenant("acme"));
  queue.add(analytics);
  queue.add(tenant("globex"));
  EXPECT_THAT(queue.take_all(), ElementsAre("acme", "globex"));
  WorkItem const first = queue.in_hand.front();
  queue.in_hand.erase(queue.in_hand.begin());
  queue.give_back(first, kNow + seconds(1));
  EXPECT_THAT(queue.take_all(), ElementsAre("acme"));
  EXPECT_EQ(queue.in_hand.back().target.migration_set, "analytics");
  EXPECT_THAT(queue.take_all(kNow + seconds(1)), IsEmpty());
  queue.end_all();
  EXPECT_THAT(queue.take_all(kNow + seconds(1)), ElementsAre("acme"));
  queue.end_all();
  EXPECT_EQ(queue.waiting() + queue.WorkQueue::in_hand(), 0U);
}

}  // namespace
}  // namespace tenancy::driver
