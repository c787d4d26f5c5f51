#include "store/key_ring.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/folder.h"

namespace crayon::store {

std::filesystem::path key_file(const std::filesystem::path& folder, const formats::KeyId& id) {
  return folder / (formats::to_hex(id) + ".pub");
}

KeyRing::KeyRing(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder)) {
    return;
  }
  for (const std::filesystem::path& file : list_folder(folder)) {
    if (file.extension() != ".pub") {
      continue;
    }
    keys_.push_back(formats::read_public_key(file));
    if (key_file(folder, keys_.back().id()) != file) {
      throw Error(
          Code::malformed,
          fmt::format("{} holds the key {}", file.string(), formats::to_hex(keys_.back().id())),
          "remove it, and install keys with crayon trust");
    }
  }
}

void KeyRing::check(const formats::Bundle& bundle, bool unsigned_too) const {
  if (keys_.empty() || (unsigned_too && !bundle.signer())) {
    return;
  }
  const std::string path = bundle.path().string();
  if (!bundle.signer()) {
    throw Error(Code::untrusted, fmt::format("{} is not signed", path),
                "sign it with crayon sign, or install it with --allow-unsigned");
  }
  const auto signer = std::find_if(keys_.begin(), keys_.end(), [&](const formats::PublicKey& key) {
    return key.id() == *bundle.signer();
  });
  if (signer == keys_.end()) {
    throw Error(Code::untrusted,
                fmt::format("{} is signed with the key {}, which is not trusted here", path,
                            formats::to_hex(*bundle.signer())),
                "sign it with a key that is, or install this one with crayon trust");
  }
  if (!bundle.is_signed_by(*signer)) {
    throw Error(Code::untrusted,
                fmt::format("{}: the signature is not that of the key {}", path,
                            formats::to_hex(*bundle.signer())),
                "it was changed after it was signed: get it again from its publisher");
  }
}

}  // namespace crayon::store
