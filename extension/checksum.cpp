#include "extension/checksum.h"

namespace tenancy {

std::string checksum(const std::string& text) {
  std::string hexadecimal;
  guarded([&] {
    Datum const bytes = PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
    bytea* const digest = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, bytes));
    const char* const data = VARDATA_ANY(digest);
    for (std::size_t i = 0; i < VARSIZE_ANY_EXHDR(digest); ++i) {
      constexpr char kDigits[] = "0123456789abcdef";
      auto const byte = static_cast<unsigned char>(data[i]);
      hexadecimal += kDigits[byte >> 4];
      hexadecimal += kDigits[byte & 15];
    }
  });
  return hexadecimal;
}

}  // namespace tenancy
