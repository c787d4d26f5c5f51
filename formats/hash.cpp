#include "formats/hash.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace crayon::formats {
namespace {

// libsodium picks its code for this CPU when it is initialised; without, it is correct but slow.
void initialise_sodium() {
  static const int result = sodium_init();
  if (result < 0) {
    throw Error(Code::io, "libsodium cannot be initialised: the system has no source of randomness",
                "make /dev/urandom readable");
  }
}

}  // namespace

struct Hasher::State {
  crypto_generichash_state blake2b;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  initialise_sodium();
  crypto_generichash_init(&state_->blake2b, nullptr, 0, Hash{}.size());
}

Hasher::~Hasher() = default;

void Hasher::update(ByteSpan bytes) {
  crypto_generichash_update(&state_->blake2b, bytes.data(), bytes.size());
}

Hash Hasher::finish() {
  Hash hash;
  crypto_generichash_final(&state_->blake2b, hash.data(), hash.size());
  return hash;
}

Hash hash_of(ByteSpan bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

Hash hash_of_file(const std::filesystem::path& path) {
  const File file(path);
  constexpr std::uint64_t piece_size = 1 << 20;
  std::vector<std::uint8_t> piece(std::min(file.size(), piece_size));
  Hasher hasher;
  for (std::uint64_t offset = 0; offset < file.size(); offset += piece_size) {
    const MutableByteSpan part(piece.data(), std::min(piece_size, file.size() - offset));
    file.read_at(offset, part);
    hasher.update(part);
  }
  return hasher.finish();
}

std::string to_hex(const Hash& hash) {
  std::string text;
  text.reserve(2 * hash.size());
  for (const std::uint8_t byte : hash) {
    fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  }
  return text;
}

}  // namespace crayon::formats
