#include "extension/worker_channel.h"

namespace tenancy {

namespace {

constexpr std::uint64_t kOneAdded = std::uint64_t{1} << 32;

std::uint32_t taken(std::uint64_t ends) { return static_cast<std::uint32_t>(ends); }
std::uint32_t added(std::uint64_t ends) { return static_cast<std::uint32_t>(ends >> 32); }

void write(WireWriter& writer, const Value& value) {
  writer.number(value.has_value());
  if (value) writer.text(*value);
}

Value read_value(WireReader& reader) {
  if (!reader.number<bool>()) return {};
  return reader.text();
}

void write(WireWriter& writer, const std::vector<std::string>& texts) {
  writer.number(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) writer.text(text);
}

std::vector<std::string> read_texts(WireReader& reader) {
  std::vector<std::string> texts(reader.number<std::uint32_t>());
  for (std::string& text : texts) text = reader.text();
  return texts;
}

void write(WireWriter& writer, const std::optional<core::VariableMap>& variables) {
  writer.number(variables.has_value());
  if (!variables) return;
  writer.number(static_cast<std::uint32_t>(variables->size()));
  for (const auto& [name, value] : *variables) {
    writer.text(name);
    writer.text(value);
  }
}

std::optional<core::VariableMap> read_variables(WireReader& reader) {
  if (!reader.number<bool>()) return {};
  core::VariableMap variables;
  for (auto count = reader.number<std::uint32_t>(); count > 0; --count) {
    std::string name = reader.text();
    variables.emplace(std::move(name), reader.text());
  }
  return variables;
}

void write(WireWriter& writer, const FleetTarget& target) {
  writer.text(target.target.tenant);
  writer.text(target.target.schema);
  writer.number(target.target.kind);
  writer.text(target.target.set);
  writer.text(target.target.database);
  write(writer, target.held_at);
  write(writer, std::optional<core::VariableMap>(target.pins));
  write(writer, target.versions);
  write(writer, target.variables);
  writer.number(target.ordinal);
}

FleetTarget read_target(WireReader& reader) {
  FleetTarget target;
  target.target.tenant = reader.text();
  target.target.schema = reader.text();
  target.target.kind = reader.number<core::TargetKind>();
  target.target.set = reader.text();
  target.target.database = reader.text();
  target.held_at = read_value(reader);
  target.pins = read_variables(reader).value();
  target.versions = read_texts(reader);
  target.variables = read_variables(reader);
  target.ordinal = reader.number<std::uint32_t>();
  return target;
}

void write(WireWriter& writer, const TargetStatus& status) {
  write(writer, status.revision);
  write(writer, status.head);
  writer.number(status.pending.has_value());
  writer.number(status.pending.value_or(0));
  writer.text(status.state);
  writer.number(status.last_applied_at);
  write(writer, status.detail);
}

TargetStatus read_target_status(WireReader& reader) {
  TargetStatus status;
  status.revision = read_value(reader);
  status.head = read_value(reader);
  bool const is_known = reader.number<bool>();
  auto const pending = reader.number<std::size_t>();
  if (is_known) status.pending = pending;
  status.state = reader.text();
  status.last_applied_at = reader.number<TimestampTz>();
  status.detail = read_value(reader);
  return status;
}

}  // namespace

void WorkRing::add(std::span<const WorkItem> items) {
  std::uint32_t const first = added(pg_atomic_read_u64(&run_->ends));
  for (std::size_t i = 0; i < items.size(); ++i) {
    items_[(first + i) % run_->capacity] = items[i];
  }
  pg_write_barrier();
  pg_atomic_fetch_add_u64(&run_->ends, kOneAdded * items.size());
  guarded([this] { ConditionVariableBroadcast(&run_->changed); });
}

std::vector<WorkItem> WorkRing::withdraw() {
  std::uint64_t ends = pg_atomic_read_u64(&run_->ends);
  std::uint64_t none_left = 0;
  do {
    none_left = (std::uint64_t{taken(ends)} << 32) | taken(ends);
  } while (!pg_atomic_compare_exchange_u64(&run_->ends, &ends, none_left));
  std::vector<WorkItem> items;
  for (std::uint32_t i = taken(ends); i != added(ends); ++i) items.push_back(items_[i % run_->capacity]);
  return items;
}

void WorkRing::close() {
  pg_write_barrier();  // behind the last items
  pg_atomic_write_u32(&run_->closed, 1);
  guarded([this] { ConditionVariableBroadcast(&run_->changed); });
}

bool WorkRing::try_take(WorkItem* item) {
  std::uint64_t ends = pg_atomic_read_u64(&run_->ends);
  do {
    if (taken(ends) == added(ends)) return false;
  } while (
      !pg_atomic_compare_exchange_u64(&run_->ends, &ends, (ends & ~std::uint64_t{0xffffffff}) | (taken(ends) + 1)));
  // The item is read when it is ours: what is added later does not reach its place.
  pg_read_barrier();
  *item = items_[taken(ends) % run_->capacity];
  return true;
}

bool WorkRing::take(WorkItem* item) {
  ConditionVariablePrepareToSleep(&run_->changed);
  bool found = false;
  for (;;) {
    // Asked before there is a look for an item: nothing comes behind the end.
    bool const is_closed = pg_atomic_read_u32(&run_->closed) != 0;
    pg_read_barrier();
    found = try_take(item);
    if (found || is_closed) break;
    ConditionVariableSleep(&run_->changed, PG_WAIT_EXTENSION);
  }
  ConditionVariableCancelSleep();
  return found;
}

std::string encode(const Task& task) {
  const Request& request = task.request;
  WireWriter writer;
  writer.number(task.run);
  writer.number(request.direction);
  writer.number(request.revision.kind);
  writer.number(request.revision.count);
  writer.text(request.revision.version);
  writer.number(request.run_as);
  writer.number(request.in_fleet);
  writer.number(request.outside);
  WireWriter starts, targets;
  for (const FleetTarget& target : *task.targets) {
    starts.number<std::uint64_t>(targets.bytes().size());
    write(targets, target);
  }
  writer.text(starts.bytes());
  writer.text(targets.bytes());
  return writer.bytes();
}

WorkerTask::WorkerTask(std::string_view bytes) {
  WireReader reader(bytes);
  run = reader.number<std::int64_t>();
  request.direction = reader.number<core::Direction>();
  request.revision.kind = reader.number<core::Revision::Kind>();
  request.revision.count = reader.number<int>();
  request.revision.version = reader.text();
  request.run_as = reader.number<RunAs>();
  request.in_fleet = reader.number<bool>();
  request.outside = reader.number<Outside>();
  starts_ = reader.view();
  targets_ = reader.view();
}

FleetTarget WorkerTask::target(std::size_t index) const {
  WireReader starts(starts_);
  starts.take(index * sizeof(std::uint64_t));
  WireReader reader(targets_);
  reader.take(starts.number<std::uint64_t>());
  return read_target(reader);
}

std::string encode(const OutcomeMessage& message) {
  const Outcome& outcome = message.outcome;
  WireWriter writer;
  writer.number(message.index);
  writer.number(outcome.recorded);
  writer.number(outcome.success);
  writer.number(outcome.more);
  writer.number(outcome.retry);
  writer.text(outcome.from);
  writer.text(outcome.to);
  write(writer, outcome.versions);
  writer.number(outcome.duration.count());
  writer.number(outcome.attempts);
  writer.number(outcome.waited.count());
  writer.text(outcome.sqlstate);
  writer.text(outcome.error);
  writer.text(outcome.detail);
  writer.text(outcome.hint);
  writer.number(outcome.seen.has_value());
  if (outcome.seen) write(writer, *outcome.seen);
  writer.number(message.last_commit);
  return writer.bytes();
}

OutcomeMessage decode_outcome(std::string_view bytes) {
  using Microseconds = std::chrono::microseconds;
  WireReader reader(bytes);
  OutcomeMessage message;
  message.index = reader.number<std::uint32_t>();
  Outcome& outcome = message.outcome;
  outcome.recorded = reader.number<bool>();
  outcome.success = reader.number<bool>();
  outcome.more = reader.number<bool>();
  outcome.retry = reader.number<bool>();
  outcome.from = reader.text();
  outcome.to = reader.text();
  outcome.versions = read_texts(reader);
  outcome.duration = Microseconds(reader.number<Microseconds::rep>());
  outcome.attempts = reader.number<int>();
  outcome.waited = Microseconds(reader.number<Microseconds::rep>());
  outcome.sqlstate = reader.text();
  outcome.error = reader.text();
  outcome.detail = reader.text();
  outcome.hint = reader.text();
  if (reader.number<bool>()) outcome.seen = read_target_status(reader);
  message.last_commit = reader.number<XLogRecPtr>();
  return message;
}

std::string encode_records(std::span<const OutcomeMessage> records) {
  WireWriter writer;
  writer.number(static_cast<std::uint32_t>(records.size()));
  for (const OutcomeMessage& record : records) writer.text(encode(record));
  return writer.bytes();
}

std::vector<OutcomeMessage> decode_records(std::string_view bytes) {
  WireReader reader(bytes);
  std::vector<OutcomeMessage> records(reader.number<std::uint32_t>());
  for (OutcomeMessage& record : records) record = decode_outcome(reader.text());
  return records;
}

}  // namespace tenancy
