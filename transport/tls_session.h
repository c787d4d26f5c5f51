#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "transport/tls.h"

namespace crayon::transport {

template <auto free_it>
struct OpenSslFree {
  template <typename T>
  void operator()(T* object) const {
    free_it(object);
  }
};
using SslContext = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;

/// What OpenSSL says of its last failure on this thread, and forgets by saying it.
std::string take_openssl_reason();

/// TlsSession on OpenSSL, with memory in place of a socket.
class OpenSslSession final : public TlsSession {
 public:
  /// `ssl` has its role and its checks; `host` is for messages.
  OpenSslSession(Ssl ssl, std::string host);

  void receive(std::string_view ciphertext) override;
  bool handshake() override;
  std::string_view read() override;
  void write(std::string_view plaintext) override;
  void close() override;
  bool peer_closed() const override { return peer_closed_; }
  std::string take_output() override;

 private:
  /// The most plaintext of one TLS record.
  static constexpr std::size_t record_bytes = std::size_t{16} * 1024;

  [[noreturn]] void fail() const;
  void drain();

  Ssl ssl_;
  std::string host_;
  BIO* in_;   // ssl_'s
  BIO* out_;  // ssl_'s
  bool peer_closed_ = false;
  std::array<char, record_bytes> plaintext_;
  std::string output_;  // ciphertext that is out of out_
};

}  // namespace crayon::transport
