// The text in a Datum. For guarded frames.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// Of a value of type text, varchar or the like; valid as long as the value is, or until the memory context is reset
/// when it had to be decompressed.
inline std::string_view text_of(Datum value) {
  text* const stored = DatumGetTextPP(value);
  return {VARDATA_ANY(stored), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(stored))};
}

}  // namespace tenancy
