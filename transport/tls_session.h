#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <span>
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
  std::string_view read(std::span<char> room) override;
  void write(std::string_view plaintext) override;
  void close() override;
  bool peer_closed() const override { return peer_closed_; }
  std::string take_output() override;

 private:
  [[noreturn]] void fail() const;
  void drain();

  Ssl ssl_;
  std::string host_;
  BIO* in_;   // ssl_'s
  BIO* out_;  // ssl_'s
  bool peer_closed_ = false;
  std::string output_;  // ciphertext that is out of out_
};

}  // namespace crayon::transport
