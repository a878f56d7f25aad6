#include "driver/output/composed_reporter.h"

#include <exception>

namespace tenancy::driver {

template <typename Call>
void ComposedReporter::tell_all(Call call) {
  std::exception_ptr first;
  for (const std::unique_ptr<Reporter>& reporter : reporters_) {
    try {
      call(*reporter);
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

void ComposedReporter::begin(const Heading& heading) {
  tell_all([&](Reporter& reporter) { reporter.begin(heading); });
}

void ComposedReporter::expected(std::size_t targets) {
  tell_all([=](Reporter& reporter) { reporter.expected(targets); });
}

void ComposedReporter::found(std::size_t targets, bool complete) {
  tell_all([=](Reporter& reporter) { reporter.found(targets, complete); });
}

void ComposedReporter::unchanged(std::size_t targets) {
  tell_all([=](Reporter& reporter) { reporter.unchanged(targets); });
}

void ComposedReporter::started(const Target& target) {
  tell_all([&](Reporter& reporter) { reporter.started(target); });
}

void ComposedReporter::retrying(const Target& target, const ServerReport& report, int failed_attempts,
                                std::chrono::milliseconds delay) {
  tell_all([&](Reporter& reporter) { reporter.retrying(target, report, failed_attempts, delay); });
}

void ComposedReporter::finished(const Outcome& outcome) {
  tell_all([&](Reporter& reporter) { reporter.finished(outcome); });
}

void ComposedReporter::note(std::string_view text) {
  tell_all([=](Reporter& reporter) { reporter.note(text); });
}

void ComposedReporter::warning(std::string_view text) {
  tell_all([=](Reporter& reporter) { reporter.warning(text); });
}

void ComposedReporter::refresh() {
  tell_all([](Reporter& reporter) { reporter.refresh(); });
}

void ComposedReporter::end(const Summary& summary) {
  tell_all([&](Reporter& reporter) { reporter.end(summary); });
}

}  // namespace tenancy::driver
