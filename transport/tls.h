#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace crayon::transport {

/// Whether this build has TLS (CRAYON_TLS). Without it, contexts throw bad_argument.
bool tls_is_built_in();

/// Whom a client trusts, and as whom it comes. All files are PEM.
struct TlsOptions {
  /// Pinned: servers must have a certificate of this file, or one issued by it; nobody else is
  /// trusted. Empty: the system's authorities.
  std::string ca_file = {};
  std::string certificate_file = {};  ///< with its chain, for servers that ask; empty: none
  std::string key_file = {};          ///< of certificate_file, not encrypted
};

/// As whom a server comes, and whom it lets in. All files are PEM.
struct ServerTlsOptions {
  std::string certificate_file = {};  ///< with its chain; empty: no TLS
  std::string key_file = {};          ///< not encrypted
  std::string client_ca_file = {};    ///< issuers of client certificates; empty: none is asked for
};

/// The most plaintext of one TLS record (RFC 8446 section 5.1).
inline constexpr std::size_t tls_record_bytes = std::size_t{16} * 1024;

/// One connection's TLS 1.3, apart from any socket: ciphertext in and out, plaintext out and in.
class TlsSession {
 public:
  virtual ~TlsSession() = default;
  /// What the peer has sent.
  virtual void receive(std::string_view ciphertext) = 0;
  /// True once both sides are agreed. Throws tls_handshake, certificate_...
  virtual bool handshake() = 0;
  /// After the handshake: some of the received plaintext, which lies in `room`; empty when there
  /// is no more of it now.
  /// Throws protocol for what is not TLS, and certificate_required, as a server of TLS 1.3 judges
  /// its client only after the handshake.
  virtual std::string_view read(std::span<char> room) = 0;
  /// After the handshake.
  virtual void write(std::string_view plaintext) = 0;
  /// Says that nothing more will be written.
  virtual void close() = 0;
  /// The peer has said so.
  virtual bool peer_closed() const = 0;
  /// What is to be sent, also after a call that threw: the alert that tells the peer why.
  virtual std::string take_output() = 0;
};

/// Certificates, keys and rules for any number of sessions, which it must not outlive. TLS 1.3
/// only; ALPN http/1.1; no session tickets; certificates are not looked up for revocation.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  /// `host` is a name or an IP address: what the peer's certificate must be for. A server's
  /// context ignores it.
  virtual std::unique_ptr<TlsSession> session(const std::string& host) const = 0;
};

/// Throw not_found, malformed or bad_argument, naming the file.
std::shared_ptr<const TlsContext> make_tls_context(const TlsOptions& options);
std::shared_ptr<const TlsContext> make_tls_context(const ServerTlsOptions& options);

}  // namespace crayon::transport
