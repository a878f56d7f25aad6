// What a leader shares with its workers: a dynamic shared memory segment with the task, the targets, the leader's
// settings, and a queue back for each worker.
//
// A worker takes the next target's index from an atomic counter, says in its slot that it works on it, and sends an
// outcome for each. Its queue carries PostgreSQL's own protocol messages: 'E' and 'N' for errors and notices that it
// raises (pq_redirect_to_shm_mq), 'o' for an outcome with the end of its commit. The target that a
// worker has in hand when its queue is detached is one that it did not finish.
#pragma once

#include "extension/fleet.h"
#include "extension/wire.h"

namespace tenancy {

inline constexpr std::uint64_t kChannelMagic = 0x74656e616e6379;  // "tenancy"
inline constexpr int kMaxWorkers = 64;
inline constexpr std::size_t kQueueSize = 65536;

/// Keys of the segment's table of contents.
enum ChannelKey : std::uint64_t { kRunKey = 1, kSettingsKey, kTaskKey, kFirstQueueKey };

/// Tags of our messages; PostgreSQL's own protocol has no such ones from a backend.
inline constexpr char kOutcomeMessage = 'o';

struct SharedRun {
  Oid database;
  Oid authenticated_user;
  Oid current_user;
  int security_context;
  std::uint32_t task_size;  ///< bytes under kTaskKey
  pg_atomic_uint32 next_target;
  /// 1 + index of the target that a worker has in hand; 0: none.
  pg_atomic_uint32 in_hand[kMaxWorkers];
};

/// A target that is done or failed.
struct OutcomeMessage {
  std::uint32_t index = 0;
  Outcome outcome;
  XLogRecPtr last_commit = InvalidXLogRecPtr;  ///< of the worker, up to now
};

[[nodiscard]] std::string encode(const Request& request, std::span<const FleetTarget* const> targets);
void decode(std::string_view bytes, Request& request, std::vector<Target>& targets);

[[nodiscard]] std::string encode(const OutcomeMessage& message);
[[nodiscard]] OutcomeMessage decode_outcome(std::string_view bytes);

}  // namespace tenancy
