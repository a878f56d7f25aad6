// What a leader shares with its workers: a dynamic shared memory segment with the task, the leader's settings, a queue
// of work, and a queue back for each worker.
//
// The work queue is a ring of items with room for all targets, each of which is in it once at most. Its two ends are
// one atomic number, so that taking an item, adding items and taking all of them back need no lock. A worker says in
// its slot which target it works on, and sends an outcome for each item. Its queue carries PostgreSQL's own protocol
// messages: 'E' and 'N' for errors and notices that it raises (pq_redirect_to_shm_mq), 'o' for an outcome with the end
// of its commit. The target that a worker has in hand when its queue is detached is one that it did not finish.
#pragma once

#include "extension/executor.h"
#include "extension/wire.h"

namespace tenancy {

inline constexpr std::uint64_t kChannelMagic = 0x74656e616e6379;  // "tenancy"
inline constexpr int kMaxWorkers = 64;
inline constexpr std::size_t kQueueSize = 65536;

/// Keys of the segment's table of contents.
enum ChannelKey : std::uint64_t {
  kRunKey = 1,
  kSettingsKey,
  kTaskKey,
  kOpeningKey,
  kBundleKey,
  kItemsKey,
  kFirstQueueKey
};

/// Tags of our messages; PostgreSQL's own protocol has no such ones from a backend. The second says nothing: it brings
/// those before it.
inline constexpr char kOutcomeMessage = 'o';
inline constexpr char kFlushMessage = 'f';

/// Items that are not about a target: they record the run's beginning and end.
inline constexpr std::uint32_t kOpenRun = 0xfffffffd;
inline constexpr std::uint32_t kCloseRun = 0xfffffffe;

struct SharedRun {
  Oid database;
  Oid authenticated_user;
  Oid current_user;
  int security_context;        ///< of transactions; the leader's
  std::uint32_t task_size;     ///< bytes under kTaskKey
  std::uint32_t opening_size;  ///< bytes under kOpeningKey
  std::uint32_t bundle_size;   ///< bytes under kBundleKey; 0: the database has the store and the record of the run
  std::uint32_t capacity;      ///< items under kItemsKey
  char closing_state[16];      ///< for kCloseRun
  char closing_reason[1024];
  dsm_handle records;          ///< for kCloseRun: encode_records(), in a segment of its own
  std::uint32_t records_size;  ///< bytes there; 0: there is none
  /// Low half: how many items have been taken; high half: how many have been added.
  pg_atomic_uint64 ends;
  pg_atomic_uint32 closed;  ///< 1: nothing more will be added
  ConditionVariable changed;
  /// 1 + index of the item that a worker has in hand; 0: none.
  pg_atomic_uint32 in_hand[kMaxWorkers];
};

/// The ring of work, as both sides use it.
class WorkRing {
 public:
  WorkRing() = default;
  WorkRing(SharedRun* run, WorkItem* items) : run_(run), items_(items) {}

  /// The leader alone adds and withdraws.
  void add(std::span<const WorkItem> items);
  std::vector<WorkItem> withdraw();
  void close();

  /// False when there is no item now.
  bool try_take(WorkItem* item);
  /// Waits for an item. False when there is none and never will be. In a guarded frame.
  bool take(WorkItem* item);

 private:
  SharedRun* run_ = nullptr;
  WorkItem* items_ = nullptr;
};

/// An item that is done or failed.
struct OutcomeMessage {
  std::uint32_t index = 0;
  Outcome outcome;
  XLogRecPtr last_commit = InvalidXLogRecPtr;  ///< of the worker, up to now
};

[[nodiscard]] std::string encode(const Task& task);

/// What workers need to know of a task. Targets are decoded one by one when it is their turn: a worker does not hold a
/// great fleet in its own memory.
class WorkerTask {
 public:
  /// Of what encode() has made; the bytes must outlive the object. Throws PgError.
  explicit WorkerTask(std::string_view bytes);

  Request request;
  std::int64_t run = 0;

  /// Throws PgError when there is none.
  [[nodiscard]] FleetTarget target(std::size_t index) const;

 private:
  std::string_view starts_;  ///< 8 bytes for each target: where in `targets_` it begins
  std::string_view targets_;
};

[[nodiscard]] std::string encode(const OutcomeMessage& message);
[[nodiscard]] OutcomeMessage decode_outcome(std::string_view bytes);

/// Outcomes that are to be recorded, with the target's ordinal as index.
[[nodiscard]] std::string encode_records(std::span<const OutcomeMessage> records);
[[nodiscard]] std::vector<OutcomeMessage> decode_records(std::string_view bytes);

}  // namespace tenancy
