#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/transport/certificates.h"
#include "tests/transport/sockets.h"

namespace crayon::test {

/// One connection of a TlsPeer, after its handshake.
class TlsSocket {
 public:
  TlsSocket(SSL* ssl, Socket& socket) : ssl_(ssl), socket_(socket) {}

  /// Reads up to and with `mark`; throws when the connection ends first.
  std::string receive_until(std::string_view mark);
  void send(std::string_view bytes);
  /// TLS' own farewell; without it, a connection that ends looks cut off.
  void say_goodbye() { SSL_shutdown(ssl_); }
  /// The name that the client asked for.
  std::string asked_name() const;
  std::string protocol() const;  ///< ALPN's
  Socket& socket() { return socket_; }

 private:
  SSL* ssl_;
  Socket& socket_;
};

/// A TLS server on blocking sockets, by OpenSSL's own means, that does what `script` says.
class TlsPeer {
 public:
  using Script = std::function<void(TlsSocket&)>;
  TlsPeer(const Identity& identity, Script script, int highest_version = TLS1_3_VERSION);

  std::uint16_t port() const { return peer_->port(); }
  std::string url(const std::string& host = "127.0.0.1") const;
  int connections() const { return peer_->connections(); }

 private:
  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<Peer> peer_;
};

}  // namespace crayon::test
