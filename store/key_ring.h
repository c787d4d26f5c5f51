#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "formats/bundle.h"
#include "formats/signature.h"

namespace crayon::store {

/// The keys that a store trusts: files ID.pub in a folder. Without any, every bundle is welcome;
/// with one, only those that a trusted key signed.
class KeyRing {
 public:
  /// Throws malformed for a file that is no public key, or another one than its name says: a
  /// store must not come to trust less because of a damaged file.
  explicit KeyRing(const std::filesystem::path& folder);

  const std::vector<formats::PublicKey>& keys() const& { return keys_; }
  std::vector<formats::PublicKey> keys() && = delete;  // of a ring that is about to go
  bool empty() const { return keys_.empty(); }

  /// Throws untrusted unless one of the keys signed `bundle`; nothing is asked of an empty ring.
  /// `unsigned_too`: a bundle without any signature passes; one with a wrong signature never does.
  void check(const formats::Bundle& bundle, bool unsigned_too) const;

 private:
  std::vector<formats::PublicKey> keys_;
};

/// The file of a key in such a folder.
std::filesystem::path key_file(const std::filesystem::path& folder, const formats::KeyId& id);

}  // namespace crayon::store
