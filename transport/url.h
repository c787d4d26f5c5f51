#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crayon::transport {

/// An address in parts, of one of the forms
///
///     http://host:port/path?query      port 80 unless given
///     https://host:port/path?query     port 443 unless given
///     unix:/path/to/socket:/path?query the path of the request is "/" unless given
///
/// A unix socket's path is absolute and has no ":".
struct Url {
  enum class Scheme { http, https, unix };

  Scheme scheme = Scheme::http;
  std::string host;  ///< an IPv6 address stands here without its brackets; "localhost" for unix
  std::uint16_t port = 80;
  std::string socket;  ///< unix
  std::string path;    ///< with the query; "/" at least

  /// Throws bad_argument for anything else ("https://" too where TLS is not built in).
  static Url parse(std::string_view text);

  /// "host:port", or "host" where `scheme` implies the port; brackets around an IPv6 address.
  std::string authority() const;
  /// The same for any scheme: always with the port.
  std::string host_and_port() const;
};

/// The address of an endpoint ("/chat/completions") of the OpenAI-compatible API behind `base`, as
/// users write it: with or without "/v1" and a last "/". Checks nothing.
std::string api_url(std::string_view base, std::string_view endpoint);

/// With every %XX as the byte that it means; nothing for a % without two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace crayon::transport
