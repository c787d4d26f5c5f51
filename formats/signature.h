#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "base/bytes.h"
#include "formats/hash.h"

// Ed25519 (RFC 8032) signatures of bundles, and the text files that keys are kept in.
// docs/bundle-format.md says what a signature covers.

namespace crayon::formats {

/// First bytes of the hash of a public key: enough to find the key again, not to trust it.
using KeyId = std::array<std::uint8_t, 8>;
using SignatureBytes = std::array<std::uint8_t, 64>;

struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  KeyId id() const;
  bool operator==(const PublicKey&) const = default;
};

/// The seed that a pair of keys grows from: who has it can sign.
struct SecretKey {
  std::array<std::uint8_t, 32> seed{};
  PublicKey public_key() const;
};

/// From the system's randomness; throws io where there is none.
SecretKey make_secret_key();

/// Writes NAME.sec, which only its owner can read, and NAME.pub. Throws bad_argument when one of
/// them is there: a lost secret key cannot be made again.
void write_key_pair(const std::filesystem::path& name, const SecretKey& key);
void write_public_key(const std::filesystem::path& path, const PublicKey& key);
/// These throw malformed for a file that is no such key, saying what it is instead.
SecretKey read_secret_key(const std::filesystem::path& path);
PublicKey read_public_key(const std::filesystem::path& path);

SignatureBytes sign(ByteSpan message, const SecretKey& key);
bool verify(ByteSpan message, const SignatureBytes& signature, const PublicKey& key);

/// Writes to `out` the bundle at `path` as the publisher's release `release`, signed; `out` may be
/// `path`. Every byte of the bundle is verified first. Its id stays what it was. Throws
/// bad_argument for release 0, and what opening, verifying and writing throw.
void sign_bundle(const std::filesystem::path& path, const std::filesystem::path& out,
                 const SecretKey& key, std::uint64_t release);

}  // namespace crayon::formats
