#include "extension/checksum.h"

#include <array>

#include "core/hexadecimal.h"
#include "extension/datum_text.h"

namespace tenancy {

std::string sha1(std::string_view bytes) {
  std::array<unsigned char, SHA1_DIGEST_LENGTH> digest{};
  guarded([&] {
    pg_cryptohash_ctx* const context = pg_cryptohash_create(PG_SHA1);
    bool const done = pg_cryptohash_init(context) >= 0 &&
                      pg_cryptohash_update(context, reinterpret_cast<const uint8*>(bytes.data()), bytes.size()) >= 0 &&
                      pg_cryptohash_final(context, digest.data(), digest.size()) >= 0;
    if (!done) elog(ERROR, "could not compute a SHA-1 hash: %s", pg_cryptohash_error(context));
    pg_cryptohash_free(context);
  });
  return core::hexadecimal(digest);
}

std::string checksum(std::string_view text) {
  std::string hexadecimal;
  guarded([&] {
    bytea* const digest = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, datum_of(text)));
    hexadecimal = core::hexadecimal({reinterpret_cast<const unsigned char*>(VARDATA_ANY(digest)),
                                     static_cast<std::size_t>(VARSIZE_ANY_EXHDR(digest))});
  });
  return hexadecimal;
}

}  // namespace tenancy
