#pragma once

#include <stdexcept>
#include <string>

namespace crayon {

/// What went wrong. The numbers are part of the interface: they never change, and a family
/// keeps room for more.
enum class Code : int {
  // 100: the bytes of a file
  truncated = 100,    ///< the file ends before something it promises
  corrupt = 101,      ///< a hash, a checksum or a cross-reference does not hold
  unsupported = 102,  ///< a version, type or feature that this program does not know
  over_limit = 103,   ///< a size beyond a documented limit
  malformed = 104,    ///< not the syntax of its format
  // 200: a model
  architecture = 200,    ///< an architecture that is not known
  missing_tensor = 201,  ///< the model lacks a tensor that its architecture needs
  bad_shape = 202,       ///< a tensor's shape disagrees with the model's configuration
  bad_tokenizer = 203,   ///< the tokenizer is incomplete or contradicts itself
  context_full = 204,    ///< the sequence is longer than the context
  // 300: an adapter
  wrong_base = 300,           ///< the adapter belongs to another model
  unmatched_tensor = 301,     ///< a tensor of the adapter matches nothing in the base
  unsupported_adapter = 302,  ///< a kind of adapter that is not known
  // 400: the network
  resolve_failed = 400,
  connect_failed = 401,
  timed_out = 402,
  connection_lost = 403,
  protocol = 404,               ///< the peer does not speak what it should
  http_status = 405,            ///< the peer answered with an error status
  tls_handshake = 406,          ///< no agreement on TLS 1.3, or no TLS on the other side
  certificate_untrusted = 407,  ///< the peer's certificate has no trusted issuer
  certificate_expired = 408,    ///< the peer's certificate is over, or not valid yet
  certificate_host = 409,       ///< the peer's certificate is another host's
  certificate_required = 410,   ///< the peer wants a certificate of ours, or another one
  // 500: how Crayon was used
  bad_argument = 500,
  unsupported_kernels = 501,  ///< a kernel set that is unknown, or that this CPU cannot run
  busy = 502,                 ///< a handle of the C interface is at work, or others depend on it
  closed = 503,               ///< a handle of the C interface was closed
  callback = 504,             ///< a callback threw an exception
  // 600: the system
  io = 600,
  not_found = 601,
  no_space = 602,
  out_of_memory = 603,
  cancelled = 604,
  internal = 699,  ///< a fault of ours
  // 700: a check that did not pass
  untrusted = 700,  ///< not signed, by no trusted key, or not by the key that it names
  outdated = 701,   ///< an older release than one that was active here
  unhealthy = 702,  ///< a model that does not answer as it should, or not in time
};

/// The name of a code, as `Code` spells it.
const char* code_name(Code code);

/// The one exception type of the library: a number for programs, a sentence that says what is
/// wrong and where, and what to do next.
class Error : public std::runtime_error {
 public:
  /// `sentence` names the file, field or value; `hint` is an imperative, or empty.
  Error(Code code, std::string sentence, std::string hint = {});

  Code code() const { return code_; }
  const std::string& hint() const { return hint_; }

 private:
  Code code_;
  std::string hint_;
};

}  // namespace crayon
