#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/error.h"
#include "transport/tls.h"
#include "transport/tls_session.h"

namespace crayon::transport {
namespace {

/// ALPN's form of "http/1.1": a length and the name.
constexpr std::array<unsigned char, 9> http_1_1 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

void require_readable(const std::string& file, const char* what) {
  if (::access(file.c_str(), R_OK) != 0) {
    throw Error(Code::not_found, std::string(what) + " \"" + file + "\" cannot be read",
                "Check the path and the file's permissions.");
  }
}

void require_loaded(int result, const std::string& file, const char* what) {
  if (result != 1) {
    throw Error(Code::malformed,
                std::string(what) + " \"" + file + "\" is not usable: " + take_openssl_reason(),
                "Give a PEM file.");
  }
}

SslContext make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(method));
  if (context == nullptr) {
    throw Error(Code::io, "OpenSSL does not start: " + take_openssl_reason());
  }
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);  // no resumption: nothing to steal or to keep
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // idle connections are many
  // OpenSSL would ask for a password on the terminal.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return -1; });
  return context;
}

void load_identity(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  require_readable(certificate, "the certificate");
  require_loaded(SSL_CTX_use_certificate_chain_file(context, certificate.c_str()), certificate,
                 "the certificate");
  require_readable(key, "the key");
  const int loaded = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM);
  if (loaded != 1 && ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
    ERR_clear_error();
    throw Error(Code::bad_argument,
                "the key \"" + key + "\" is not that of the certificate \"" + certificate + "\"",
                "Give the two files that were made together.");
  }
  require_loaded(loaded, key, "the key");
}

void trust_only(SSL_CTX* context, const std::string& file) {
  require_readable(file, "the CA file");
  require_loaded(SSL_CTX_load_verify_file(context, file.c_str()), file, "the CA file");
}

class ClientContext final : public TlsContext {
 public:
  explicit ClientContext(const TlsOptions& options) : context_(make_context(TLS_client_method())) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_alpn_protos(context_.get(), http_1_1.data(), http_1_1.size());
    if (options.ca_file.empty()) {
      SSL_CTX_set_default_verify_paths(context_.get());
    } else {
      trust_only(context_.get(), options.ca_file);
      // What is pinned is trusted as it stands, be it a server's own certificate.
      X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_.get()), X509_V_FLAG_PARTIAL_CHAIN);
    }
    if (options.certificate_file.empty() != options.key_file.empty()) {
      throw Error(Code::bad_argument,
                  "a client certificate needs its key, and a key its certificate",
                  "Give both files.");
    }
    if (!options.certificate_file.empty()) {
      load_identity(context_.get(), options.certificate_file, options.key_file);
    }
  }

  std::unique_ptr<TlsSession> session(const std::string& host) const override {
    Ssl ssl(SSL_new(context_.get()));
    if (ssl == nullptr) {
      throw std::bad_alloc();
    }
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl.get());
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) {  // a name, then
      ERR_clear_error();
      if (X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) != 1 ||
          SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1) {
        throw Error(Code::bad_argument, "\"" + host + "\" is no name that a certificate can have");
      }
    }
    SSL_set_connect_state(ssl.get());
    return std::make_unique<OpenSslSession>(std::move(ssl), host);
  }

 private:
  SslContext context_;
};

int choose_http(SSL*, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned int size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, http_1_1.data(), http_1_1.size(), offered, size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

class ServerContext final : public TlsContext {
 public:
  explicit ServerContext(const ServerTlsOptions& options)
      : context_(make_context(TLS_server_method())) {
    load_identity(context_.get(), options.certificate_file, options.key_file);
    SSL_CTX_set_alpn_select_cb(context_.get(), choose_http, nullptr);
    if (!options.client_ca_file.empty()) {
      trust_only(context_.get(), options.client_ca_file);
      SSL_CTX_set_client_CA_list(context_.get(),
                                 SSL_load_client_CA_file(options.client_ca_file.c_str()));
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         nullptr);
    }
  }

  std::unique_ptr<TlsSession> session(const std::string&) const override {
    Ssl ssl(SSL_new(context_.get()));
    if (ssl == nullptr) {
      throw std::bad_alloc();
    }
    SSL_set_accept_state(ssl.get());
    return std::make_unique<OpenSslSession>(std::move(ssl), "the client");
  }

 private:
  SslContext context_;
};

}  // namespace

bool tls_is_built_in() {
  return true;
}

std::shared_ptr<const TlsContext> make_tls_context(const TlsOptions& options) {
  return std::make_shared<ClientContext>(options);
}

std::shared_ptr<const TlsContext> make_tls_context(const ServerTlsOptions& options) {
  return std::make_shared<ServerContext>(options);
}

}  // namespace crayon::transport
