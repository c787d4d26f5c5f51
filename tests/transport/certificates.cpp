#include "tests/transport/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace crayon::test {
namespace {

template <auto free_it>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    free_it(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Stdio = std::unique_ptr<std::FILE, Free<std::fclose>>;

void require(bool holds) {
  if (!holds) {
    throw std::runtime_error("OpenSSL cannot make a certificate");
  }
}

Stdio open(const std::string& path, const char* how) {
  Stdio file(std::fopen(path.c_str(), how));
  require(file != nullptr);
  return file;
}

Key read_key(const Identity& identity) {
  return Key(PEM_read_PrivateKey(open(identity.key_file, "r").get(), nullptr, nullptr, nullptr));
}

Certificate read_certificate(const Identity& identity) {
  return Certificate(
      PEM_read_X509(open(identity.certificate_file, "r").get(), nullptr, nullptr, nullptr));
}

void add_extension(X509* certificate, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void set_name(X509_NAME* name, const std::string& common_name) {
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common_name.c_str()),
                                     -1, -1, 0) == 1);
}

}  // namespace

Authority::Authority(const std::string& name) : name_(name), own_(make({}, true, true)) {}

Identity Authority::issue(const CertificateText& text) {
  return make(text, false, false);
}

Identity Authority::self_signed(const CertificateText& text) {
  return make(text, false, true);
}

std::string Authority::encrypted_key() {
  const std::string path = folder_ / "encrypted.pem";
  const Key key = read_key(own_);
  unsigned char password[] = "secret";
  require(PEM_write_PrivateKey(open(path, "w").get(), key.get(), EVP_aes_128_cbc(), password, 6,
                               nullptr, nullptr) == 1);
  return path;
}

Identity Authority::make(const CertificateText& text, bool is_authority, bool signs_itself) {
  const std::string base = folder_ / std::to_string(++made_);
  const Identity identity{base + ".crt", base + ".key"};
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  require(key != nullptr && certificate != nullptr);
  X509_set_version(certificate.get(), 2);  // 3
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), made_);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), text.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), text.valid_until);
  X509_set_pubkey(certificate.get(), key.get());
  set_name(X509_get_subject_name(certificate.get()),
           is_authority ? name_ : name_ + " " + std::to_string(made_));

  const Certificate issuer = signs_itself ? nullptr : read_certificate(own_);
  X509* const above = signs_itself ? certificate.get() : issuer.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(above));
  add_extension(certificate.get(), above, NID_basic_constraints,
                is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!is_authority) {
    std::string names;
    for (const std::string& name : text.names) {
      names += (names.empty() ? "" : ",") + name;
    }
    add_extension(certificate.get(), above, NID_subject_alt_name, names);
  }
  const Key issuer_key = signs_itself ? nullptr : read_key(own_);
  require(X509_sign(certificate.get(), signs_itself ? key.get() : issuer_key.get(), EVP_sha256()) >
          0);
  require(PEM_write_X509(open(identity.certificate_file, "w").get(), certificate.get()) == 1);
  require(PEM_write_PrivateKey(open(identity.key_file, "w").get(), key.get(), nullptr, nullptr, 0,
                               nullptr, nullptr) == 1);
  return identity;
}

}  // namespace crayon::test
