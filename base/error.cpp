#include "base/error.h"

#include <utility>

namespace crayon {

Error::Error(Code code, std::string sentence, std::string hint)
    : std::runtime_error(std::move(sentence)), code_(code), hint_(std::move(hint)) {}

const char* code_name(Code code) {
  switch (code) {
    case Code::truncated:
      return "truncated";
    case Code::corrupt:
      return "corrupt";
    case Code::unsupported:
      return "unsupported";
    case Code::over_limit:
      return "over_limit";
    case Code::malformed:
      return "malformed";
    case Code::architecture:
      return "architecture";
    case Code::missing_tensor:
      return "missing_tensor";
    case Code::bad_shape:
      return "bad_shape";
    case Code::bad_tokenizer:
      return "bad_tokenizer";
    case Code::context_full:
      return "context_full";
    case Code::wrong_base:
      return "wrong_base";
    case Code::unmatched_tensor:
      return "unmatched_tensor";
    case Code::unsupported_adapter:
      return "unsupported_adapter";
    case Code::resolve_failed:
      return "resolve_failed";
    case Code::connect_failed:
      return "connect_failed";
    case Code::timed_out:
      return "timed_out";
    case Code::connection_lost:
      return "connection_lost";
    case Code::protocol:
      return "protocol";
    case Code::http_status:
      return "http_status";
    case Code::tls_handshake:
      return "tls_handshake";
    case Code::certificate_untrusted:
      return "certificate_untrusted";
    case Code::certificate_expired:
      return "certificate_expired";
    case Code::certificate_host:
      return "certificate_host";
    case Code::certificate_required:
      return "certificate_required";
    case Code::bad_argument:
      return "bad_argument";
    case Code::unsupported_kernels:
      return "unsupported_kernels";
    case Code::busy:
      return "busy";
    case Code::closed:
      return "closed";
    case Code::callback:
      return "callback";
    case Code::io:
      return "io";
    case Code::not_found:
      return "not_found";
    case Code::no_space:
      return "no_space";
    case Code::out_of_memory:
      return "out_of_memory";
    case Code::cancelled:
      return "cancelled";
    case Code::internal:
      return "internal";
    case Code::untrusted:
      return "untrusted";
    case Code::outdated:
      return "outdated";
    case Code::unhealthy:
      return "unhealthy";
  }
  return "unknown";
}

}  // namespace crayon
