#include "formats/trust.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace crayon::formats {

void check_signed(const Bundle& bundle, std::span<const PublicKey> trusted) {
  const std::string path = bundle.path().string();
  if (!bundle.signer()) {
    throw Error(Code::untrusted, fmt::format("{} is not signed", path),
                "get it from its publisher, or sign it with crayon sign; a store can be told to "
                "take it with --allow-unsigned");
  }
  const auto signer = std::ranges::find_if(
      trusted, [&](const PublicKey& key) { return key.id() == *bundle.signer(); });
  if (signer == trusted.end()) {
    throw Error(Code::untrusted,
                fmt::format("{} is signed with the key {}, which is not trusted here", path,
                            to_hex(*bundle.signer())),
                "sign it with a key that is, or trust this one");
  }
  if (!bundle.is_signed_by(*signer)) {
    throw Error(
        Code::untrusted,
        fmt::format("{}: the signature is not that of the key {}", path, to_hex(*bundle.signer())),
        "it was changed after it was signed: get it again from its publisher");
  }
}

}  // namespace crayon::formats
