#include "transport/tls_session.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.h"

namespace crayon::transport {
namespace {

/// The verdict on the peer's certificate, which is not X509_V_OK.
[[noreturn]] void throw_certificate(long verdict, const std::string& host) {
  const std::string peer = "the certificate of " + host;
  const std::string reason = X509_verify_cert_error_string(verdict);
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      throw Error(Code::certificate_expired, peer + ", or one that it rests on, has expired",
                  "Renew it on the server, or set this machine's clock.");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      throw Error(Code::certificate_expired, peer + ", or one that it rests on, is not yet valid",
                  "Set this machine's clock.");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      throw Error(Code::certificate_host, peer + " is for another host",
                  "Use a name that the certificate has, or issue one for this name.");
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      throw Error(Code::certificate_untrusted, peer + " is self-signed and not known here",
                  "If it is yours, give its file as the trusted CA.");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      throw Error(Code::certificate_untrusted, peer + " has an issuer that is not known here",
                  "Give the issuer's file as the trusted CA, or install ca-certificates.");
    default:
      throw Error(Code::certificate_untrusted, peer + " is not trusted: " + reason,
                  "Give the file of its CA, or have it issued anew.");
  }
}

/// What the peer said, or what is wrong with what it said.
[[noreturn]] void throw_reason(unsigned long error, const std::string& host) {
  const char* text = ERR_reason_error_string(error);
  const std::string reason = text != nullptr ? text : "unknown reason";
  switch (ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      throw Error(Code::certificate_required, host + " wants a client certificate",
                  "Give a certificate and its key that the server's CA has issued.");
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      throw Error(Code::certificate_required,
                  host + " does not accept the client certificate: " + reason,
                  "Give one that is valid and that the server's CA has issued.");
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_UNEXPECTED_MESSAGE:
      throw Error(Code::tls_handshake, host + " does not speak TLS there",
                  "Check the port, or use http:// on a trusted network.");
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      throw Error(Code::tls_handshake, host + " does not speak TLS 1.3",
                  "Have the server speak TLS 1.3.");
    default:
      throw Error(Code::tls_handshake, "TLS with " + host + " failed: " + reason,
                  "Check that the server speaks HTTP/1.1 over TLS 1.3.");
  }
}

}  // namespace

std::string take_openssl_reason() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "unknown reason";
}

OpenSslSession::OpenSslSession(Ssl ssl, std::string host)
    : ssl_(std::move(ssl)),
      host_(std::move(host)),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
  if (in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    throw std::bad_alloc();
  }
  BIO_set_mem_eof_return(in_, -1);  // empty means "not yet", never "the end"
  SSL_set_bio(ssl_.get(), in_, out_);
}

void OpenSslSession::receive(std::string_view ciphertext) {
  const auto size = static_cast<int>(ciphertext.size());  // a socket's read: far from INT_MAX
  if (size > 0 && BIO_write(in_, ciphertext.data(), size) != size) {
    throw std::bad_alloc();
  }
}

bool OpenSslSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    return true;
  }
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) {
    return false;
  }
  fail();
}

std::string_view OpenSslSession::read(std::span<char> room) {
  if (peer_closed_) {
    return {};
  }
  ERR_clear_error();
  const int size = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
  if (size > 0) {
    return {room.data(), static_cast<std::size_t>(size)};
  }
  switch (SSL_get_error(ssl_.get(), size)) {
    case SSL_ERROR_WANT_READ:
      return {};
    case SSL_ERROR_ZERO_RETURN:
      peer_closed_ = true;
      return {};
    default:
      fail();
  }
}

void OpenSslSession::write(std::string_view plaintext) {
  while (!plaintext.empty()) {
    ERR_clear_error();
    const std::size_t size = std::min(plaintext.size(), tls_record_bytes);
    const int written = SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(size));
    if (written <= 0) {
      fail();
    }
    plaintext.remove_prefix(static_cast<std::size_t>(written));
    drain();  // a memory BIO never shrinks: one record at a time keeps it small
  }
}

void OpenSslSession::close() {
  if (SSL_is_init_finished(ssl_.get()) != 0) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
}

void OpenSslSession::drain() {
  const std::size_t before = output_.size();
  const std::size_t more = BIO_ctrl_pending(out_);
  if (more > 0) {
    output_.resize(before + more);
    BIO_read(out_, output_.data() + before, static_cast<int>(more));
  }
}

std::string OpenSslSession::take_output() {
  drain();
  return std::exchange(output_, {});
}

void OpenSslSession::fail() const {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (verdict != X509_V_OK && ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    throw_certificate(verdict, host_);
  }
  throw_reason(error, host_);
}

}  // namespace crayon::transport
