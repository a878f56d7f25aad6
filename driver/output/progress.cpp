#include "driver/output/progress.h"

#include <algorithm>
#include <utility>

namespace tenancy::driver {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::chrono::seconds kWindow{10};
constexpr std::chrono::milliseconds kBetweenSamples{100};

double seconds(microseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Progress::Progress(Clock clock) : clock_(std::move(clock)), began_(clock_.now()), samples_{{began_, 0}} {}

void Progress::expected(std::size_t targets) { expected_ = targets; }

void Progress::found(std::size_t targets, bool complete) {
  found_ += targets;
  complete_ = complete;
  if (complete) expected_ = 0;  // now it is known
}

void Progress::unchanged(std::size_t targets) {
  found_ += targets;
  done_ += targets;
}

void Progress::started(const Target& target) { in_lanes_.insert_or_assign(target.label(), clock_.now()); }

void Progress::retrying(const Target& target) {
  const std::string label = target.label();
  in_lanes_.erase(label);
  retrying_.insert(label);
}

void Progress::finished(const Outcome& outcome) {
  const std::string label = outcome.target.label();
  in_lanes_.erase(label);
  retrying_.erase(label);
  switch (outcome.state) {
    case Outcome::State::done:
      ++done_;
      break;
    case Outcome::State::failed:
      ++failed_;
      break;
    case Outcome::State::cancelled:
      ++cancelled_;
      break;
  }
}

void Progress::sample() {
  const Time now = clock_.now();
  if (now - samples_.back().time < kBetweenSamples) return;
  samples_.push_back({now, finished()});
  while (samples_.size() > 2 && now - samples_[1].time >= kWindow) samples_.pop_front();
}

microseconds Progress::elapsed() const { return duration_cast<microseconds>(clock_.now() - began_); }

double Progress::per_second() const {
  const Sample& oldest = samples_.front();
  const microseconds window = duration_cast<microseconds>(clock_.now() - oldest.time);
  if (window < kBetweenSamples) return 0;
  return static_cast<double>(finished() - oldest.finished) / seconds(window);
}

std::optional<microseconds> Progress::time_left() const {
  constexpr double kLongest = 1e7;  // seconds; nobody waits for that, so nobody is told
  const double rate = per_second();
  if (!complete_ || rate <= 0) return std::nullopt;
  const double left = static_cast<double>(remaining()) / rate;
  if (left > kLongest) return std::nullopt;
  return duration_cast<microseconds>(std::chrono::duration<double>(left));
}

std::vector<Progress::Running> Progress::running(microseconds least) const {
  const Time now = clock_.now();
  std::vector<Running> found;
  for (const auto& [label, since] : in_lanes_) {
    const auto duration = duration_cast<microseconds>(now - since);
    if (duration >= least) found.push_back({label, duration});
  }
  std::stable_sort(found.begin(), found.end(), [](const Running& a, const Running& b) { return a.since > b.since; });
  return found;
}

}  // namespace tenancy::driver
