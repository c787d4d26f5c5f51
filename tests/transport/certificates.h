#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/support.h"

namespace crayon::test {

/// A certificate with its key, as PEM files.
struct Identity {
  std::string certificate_file;
  std::string key_file;
};

/// What a certificate says.
struct CertificateText {
  std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"};
  std::int64_t valid_from = -3600;  ///< seconds from now
  std::int64_t valid_until = 3600;
};

/// Makes keys and certificates in a folder of its own, anew for each test: none lies in the tree
/// that could expire there.
class Authority {
 public:
  explicit Authority(const std::string& name = "Test CA");

  /// The file that makes its certificates trusted.
  const std::string& file() const { return own_.certificate_file; }
  Identity issue(const CertificateText& text = {});
  Identity self_signed(const CertificateText& text = {});
  /// The key, encrypted with a password.
  std::string encrypted_key();

 private:
  Identity make(const CertificateText& text, bool is_authority, bool signs_itself);

  TempDir folder_;
  std::string name_;
  int made_ = 0;
  Identity own_;
};

}  // namespace crayon::test
