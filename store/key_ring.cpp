#include "store/key_ring.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/folder.h"
#include "formats/trust.h"

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
  formats::check_signed(bundle, keys_);
}

}  // namespace crayon::store
