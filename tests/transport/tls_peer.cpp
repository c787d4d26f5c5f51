#include "tests/transport/tls_peer.h"

#include <openssl/err.h>

#include <stdexcept>
#include <utility>

namespace crayon::test {
namespace {

int take_first_protocol(SSL*, const unsigned char** out, unsigned char* size,
                        const unsigned char* offered, unsigned int, void*) {
  *size = offered[0];
  *out = offered + 1;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string TlsSocket::receive_until(std::string_view mark) {
  std::string all;
  while (!all.ends_with(mark)) {
    char byte = 0;
    if (SSL_read(ssl_, &byte, 1) != 1) {
      throw std::runtime_error("the connection ended too early");
    }
    all += byte;
  }
  return all;
}

void TlsSocket::send(std::string_view bytes) {
  if (!bytes.empty() && SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) <= 0) {
    throw std::runtime_error("the other side has left");
  }
}

std::string TlsSocket::asked_name() const {
  const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

std::string TlsSocket::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

TlsPeer::TlsPeer(const Identity& identity, Script script, int highest_version)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
  SSL_CTX_set_max_proto_version(context_.get(), highest_version);
  SSL_CTX_use_certificate_chain_file(context_.get(), identity.certificate_file.c_str());
  SSL_CTX_use_PrivateKey_file(context_.get(), identity.key_file.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_alpn_select_cb(context_.get(), take_first_protocol, nullptr);
  peer_ = std::make_unique<Peer>([context = context_, script = std::move(script)](Socket& socket) {
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    // OpenSSL writes without MSG_NOSIGNAL: the peer's thread has the signal blocked.
    SSL_set_fd(ssl.get(), socket.descriptor());
    if (SSL_accept(ssl.get()) == 1) {
      TlsSocket secure(ssl.get(), socket);
      script(secure);
    }
    ERR_clear_error();
  });
}

std::string TlsPeer::url(const std::string& host) const {
  return "https://" + host + ":" + std::to_string(port()) + "/";
}

}  // namespace crayon::test
