// Text as a Datum, and back. For guarded frames.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// Of a value of type text, varchar or the like; valid as long as the value is, or until the memory context is reset
/// when it had to be decompressed.
inline std::string_view text_of(Datum value) {
  text* const stored = DatumGetTextPP(value);
  return {VARDATA_ANY(stored), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(stored))};
}

/// A value of type text, varchar or the like, in the current memory context.
inline Datum datum_of(std::string_view value) {
  return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

}  // namespace tenancy
