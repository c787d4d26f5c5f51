#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace crayon::transport {

/// How the peer learns where a body ends.
enum class Framing {
  none,     ///< there is no body: the status forbids it
  length,   ///< Content-Length
  chunked,  ///< Transfer-Encoding: chunked
  close,    ///< the connection's end, for HTTP/1.0
};

struct ResponseHead {
  int status = 200;
  std::string_view content_type;
  Framing framing = Framing::length;
  std::size_t length = 0;  ///< Framing::length
  bool keep_alive = false;

  /// Status line and fields. Throws bad_argument for a status outside 200..599 or a content type
  /// that could break out of its field.
  std::string text() const;
};

/// 204 and 304 carry no body, whatever the request (RFC 9110 section 6.4.1).
bool status_has_body(int status);

/// A whole reply that reports an error, in the shape of the OpenAI API.
std::string error_response(int status, std::string_view message);

}  // namespace crayon::transport
