#include "extension/worker_channel.h"

namespace tenancy {

std::string encode(const Request& request, std::span<const FleetTarget* const> targets) {
  WireWriter writer;
  writer.number(request.direction);
  writer.number(request.revision.kind);
  writer.number(request.revision.count);
  writer.text(request.revision.version);
  writer.number(request.run_as);
  writer.number(request.in_fleet);
  writer.number(request.outside);
  writer.number(static_cast<std::uint32_t>(targets.size()));
  for (const FleetTarget* fleet_target : targets) {
    const Target& target = fleet_target->target;
    writer.text(target.tenant);
    writer.text(target.schema);
    writer.number(target.kind);
    writer.text(target.set);
  }
  return writer.bytes();
}

void decode(std::string_view bytes, Request& request, std::vector<Target>& targets) {
  WireReader reader(bytes);
  request.direction = reader.number<core::Direction>();
  request.revision.kind = reader.number<core::Revision::Kind>();
  request.revision.count = reader.number<int>();
  request.revision.version = reader.text();
  request.run_as = reader.number<RunAs>();
  request.in_fleet = reader.number<bool>();
  request.outside = reader.number<Outside>();
  targets.resize(reader.number<std::uint32_t>());
  for (Target& target : targets) {
    target.tenant = reader.text();
    target.schema = reader.text();
    target.kind = reader.number<core::TargetKind>();
    target.set = reader.text();
  }
}

std::string encode(const OutcomeMessage& message) {
  const Outcome& outcome = message.outcome;
  WireWriter writer;
  writer.number(message.index);
  writer.number(outcome.success);
  writer.text(outcome.from);
  writer.text(outcome.to);
  writer.number(outcome.steps);
  writer.number(outcome.duration.count());
  writer.text(outcome.sqlstate);
  writer.text(outcome.error);
  writer.text(outcome.detail);
  writer.text(outcome.hint);
  writer.number(message.last_commit);
  return writer.bytes();
}

OutcomeMessage decode_outcome(std::string_view bytes) {
  WireReader reader(bytes);
  OutcomeMessage message;
  message.index = reader.number<std::uint32_t>();
  Outcome& outcome = message.outcome;
  outcome.success = reader.number<bool>();
  outcome.from = reader.text();
  outcome.to = reader.text();
  outcome.steps = reader.number<std::size_t>();
  outcome.duration = std::chrono::microseconds(reader.number<std::chrono::microseconds::rep>());
  outcome.sqlstate = reader.text();
  outcome.error = reader.text();
  outcome.detail = reader.text();
  outcome.hint = reader.text();
  message.last_commit = reader.number<XLogRecPtr>();
  return message;
}

}  // namespace tenancy
