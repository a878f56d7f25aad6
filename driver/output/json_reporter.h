// Results for machines: a JSON object a line. README has the members.
#pragma once

#include "driver/output/failure_groups.h"
#include "driver/output/reporter.h"
#include "driver/output/stream.h"

namespace tenancy::driver {

class JsonReporter : public Reporter {
 public:
  explicit JsonReporter(Stream& stream) : stream_(stream) {}

  void begin(const Heading& heading) override { heading_ = heading; }
  void finished(const Outcome& outcome) override;
  void end(const Summary& summary) override;

 private:
  Stream& stream_;
  Heading heading_;
  FailureGroups failures_;
};

}  // namespace tenancy::driver
