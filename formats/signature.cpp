#include "formats/signature.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "formats/bundle.h"
#include "formats/bundle_layout.h"
#include "formats/error_context.h"
#include "formats/sodium.h"

namespace crayon::formats {
namespace {

static_assert(sizeof(PublicKey::bytes) == crypto_sign_PUBLICKEYBYTES);
static_assert(sizeof(SecretKey::seed) == crypto_sign_SEEDBYTES);
static_assert(sizeof(SignatureBytes) == crypto_sign_BYTES);

// A key's file is one line: what it is, and 64 hexadecimal digits.
constexpr std::string_view public_label = "crayon-public-key-1 ";
constexpr std::string_view secret_label = "crayon-secret-key-1 ";
constexpr std::uint64_t max_key_file = 256;

struct Expanded {
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_key;
  ~Expanded() { sodium_memzero(secret_key.data(), secret_key.size()); }
};

Expanded expand(const SecretKey& key) {
  initialise_sodium();
  Expanded expanded;
  crypto_sign_seed_keypair(expanded.public_key.data(), expanded.secret_key.data(), key.seed.data());
  return expanded;
}

void read_key(const std::filesystem::path& path, std::string_view label, const char* what,
              MutableByteSpan key) {
  const std::string text = in_file(path, [&] { return read_text(path, max_key_file); });
  std::string_view line = text;
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
    line.remove_suffix(1);
  }
  if (line.starts_with(label) && from_hex(line.substr(label.size()), key)) {
    return;
  }
  const bool other = line.starts_with(public_label) || line.starts_with(secret_label);
  throw Error(Code::malformed,
              fmt::format("{} is no {} key{}", path.string(), what,
                          line.starts_with(label) ? ": its digits are damaged"
                          : other                 ? ", but the other half of a pair"
                                                  : ""),
              "make a pair with crayon keygen");
}

void refuse_existing(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) {
    throw Error(Code::bad_argument, fmt::format("{} is there already", path.string()),
                "choose another name; bundles signed with a lost key cannot be followed by others");
  }
}

void write_key(const std::filesystem::path& path, std::string_view label, ByteSpan key,
               Readers readers) {
  write_text(path, fmt::format("{}{}\n", label, to_hex(key)), readers);
}

}  // namespace

KeyId PublicKey::id() const {
  const Hash hash = hash_of(bytes);
  KeyId id;
  std::copy_n(hash.begin(), id.size(), id.begin());
  return id;
}

PublicKey SecretKey::public_key() const {
  return {expand(*this).public_key};
}

SecretKey make_secret_key() {
  initialise_sodium();
  SecretKey key;
  randombytes_buf(key.seed.data(), key.seed.size());
  return key;
}

void write_key_pair(const std::filesystem::path& name, const SecretKey& key) {
  const std::filesystem::path secret = name.string() + ".sec";
  const std::filesystem::path open = name.string() + ".pub";
  refuse_existing(secret);
  refuse_existing(open);
  write_key(secret, secret_label, key.seed, Readers::owner);
  write_public_key(open, key.public_key());
}

void write_public_key(const std::filesystem::path& path, const PublicKey& key) {
  write_key(path, public_label, key.bytes, Readers::everyone);
}

SecretKey read_secret_key(const std::filesystem::path& path) {
  SecretKey key;
  read_key(path, secret_label, "secret", key.seed);
  return key;
}

PublicKey read_public_key(const std::filesystem::path& path) {
  PublicKey key;
  read_key(path, public_label, "public", key.bytes);
  return key;
}

SignatureBytes sign(ByteSpan message, const SecretKey& key) {
  const Expanded expanded = expand(key);
  SignatureBytes signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                       expanded.secret_key.data());
  return signature;
}

bool verify(ByteSpan message, const SignatureBytes& signature, const PublicKey& key) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.bytes.data()) == 0;
}

void sign_bundle(const std::filesystem::path& path, const std::filesystem::path& out,
                 const SecretKey& key, std::uint64_t release) {
  if (release == 0) {
    throw Error(Code::bad_argument, "release 0 is that of bundles that were not published",
                "number releases from 1 on");
  }
  const Bundle bundle = Bundle::open(path);
  bundle.verify({});
  const File file(path);
  if (file.size() != bundle.file_size()) {
    throw Error(Code::io, fmt::format("{} changes while it is signed", path.string()),
                "sign it when nothing writes to it");
  }
  HeaderBytes header;
  file.read_at(0, header);
  FooterBytes footer_bytes;
  const std::uint64_t footer_at = file.size() - footer_size;
  file.read_at(footer_at, footer_bytes);
  Footer footer = in_file(path, [&] { return decode_footer(footer_bytes, header, file.size()); });
  footer.release = release;
  footer.key_id = key.public_key().id();
  footer.signature = sign(signed_bytes(footer, header), key);

  AtomicFile copy(out);
  copy_bytes(file, footer_at, copy);
  copy.write(encode_footer(footer, header));
  copy.commit();
}

}  // namespace crayon::formats
