#include "formats/hash.h"

#include <fmt/format.h>
#include <sodium.h>

#include <iterator>

#include "formats/sodium.h"

namespace crayon::formats {
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

std::string to_hex(ByteSpan bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  }
  return text;
}

bool from_hex(std::string_view text, MutableByteSpan bytes) {
  if (bytes.empty()) {
    return text.empty();
  }
  std::size_t filled = 0;
  return text.size() == 2 * bytes.size() &&
         sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &filled,
                        nullptr) == 0 &&
         filled == bytes.size();
}

}  // namespace crayon::formats
