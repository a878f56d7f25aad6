#include "extension/enum_values.h"

namespace tenancy {

NewEnumValues::NewEnumValues() {
  Size const size = guarded([] { return EstimateUncommittedEnumsSpace(); });
  before_.resize((size + sizeof(Oid) - 1) / sizeof(Oid));
  guarded([&] { SerializeUncommittedEnums(before_.data(), before_.size() * sizeof(Oid)); });
}

void NewEnumValues::allow() const {
  guarded([this] {
    AtEOXact_Enum();  // forgets them all
    RestoreUncommittedEnums(const_cast<Oid*>(before_.data()));
  });
}

}  // namespace tenancy
