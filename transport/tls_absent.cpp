// In place of tls_context.cpp and tls_session.cpp in a build without OpenSSL.
#include "base/error.h"
#include "transport/tls.h"

namespace crayon::transport {
namespace {

[[noreturn]] void refuse() {
  throw Error(Code::bad_argument, "TLS is not built in",
              "Use http:// on a trusted network, or build with CRAYON_TLS.");
}

}  // namespace

bool tls_is_built_in() {
  return false;
}

std::shared_ptr<const TlsContext> make_tls_context(const TlsOptions&) {
  refuse();
}

std::shared_ptr<const TlsContext> make_tls_context(const ServerTlsOptions&) {
  refuse();
}

}  // namespace crayon::transport
