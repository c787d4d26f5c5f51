#include "transport/url.h"

#include <http_parser.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "transport/http_message.h"
#include "transport/tls.h"

namespace crayon::transport {
namespace {

constexpr std::size_t max_url_bytes =
    std::size_t{8} * 1024;  // also keeps http_parser's 16-bit offsets right
constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;
constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t max_socket_path = 107;  // of sockaddr_un, less its end

constexpr const char* form =
    "Give it the form http://host:port/path, https://... or unix:/socket:/path.";

[[noreturn]] void refuse(std::string_view url, const std::string& why, std::string hint) {
  // At most the first bytes, and none that would garble a terminal.
  std::string shown(url.substr(0, 200));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  throw Error(Code::bad_argument, "URL \"" + shown + "\": " + why, std::move(hint));
}

Url parse_unix(std::string_view text) {
  const std::string_view rest = text.substr(unix_prefix.size());
  const std::size_t colon = rest.find(':');
  Url url;
  url.scheme = Url::Scheme::unix;
  url.host = "localhost";
  url.socket = rest.substr(0, colon);
  url.path = colon == std::string_view::npos ? "/" : rest.substr(colon + 1);
  if (!url.socket.starts_with('/') || url.socket.size() > max_socket_path) {
    refuse(text,
           "a socket's path must be absolute and of at most " + std::to_string(max_socket_path) +
               " bytes",
           form);
  }
  if (!url.path.starts_with('/')) {
    refuse(text, "what follows the socket must be \":/path\"", form);
  }
  return url;
}

Url::Scheme parse_scheme(std::string_view text, std::string_view scheme) {
  if (equal_without_case(scheme, "http")) {
    return Url::Scheme::http;
  }
  if (!equal_without_case(scheme, "https")) {
    refuse(text, "not an http:// or https:// address", form);
  }
  if (!tls_is_built_in()) {
    refuse(text, "TLS is not built in", "Use http:// on a trusted network or through a tunnel.");
  }
  return Url::Scheme::https;
}

Url parse_http(std::string_view text) {
  http_parser_url parts;
  http_parser_url_init(&parts);
  if (http_parser_parse_url(text.data(), text.size(), 0, &parts) != 0) {
    refuse(text, "not a URL", form);
  }
  const auto part = [&](http_parser_url_fields field) -> std::string_view {
    if ((parts.field_set & (1u << field)) == 0) {
      return {};
    }
    return text.substr(parts.field_data[field].off, parts.field_data[field].len);
  };
  Url url;
  url.scheme = parse_scheme(text, part(UF_SCHEMA));
  url.host = part(UF_HOST);
  if (url.host.empty()) {
    refuse(text, "no host", form);
  }
  if (text.find('@') < text.find('/', text.find("://") + 3)) {
    refuse(text, "a user name or password in the address", "Send credentials in a header.");
  }
  url.port = !part(UF_PORT).empty()             ? parts.port
             : url.scheme == Url::Scheme::https ? https_port
                                                : http_port;
  if (url.port == 0) {
    refuse(text, "port 0", form);
  }
  url.path = part(UF_PATH).empty() ? "/" : part(UF_PATH);
  if ((parts.field_set & (1u << UF_QUERY)) != 0) {
    url.path.append("?").append(part(UF_QUERY));
  }
  return url;
}

}  // namespace

Url Url::parse(std::string_view text) {
  if (text.size() > max_url_bytes) {
    refuse(text, "longer than " + std::to_string(max_url_bytes) + " bytes", form);
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    refuse(text, "a character that must be percent-encoded", "Encode it as UTF-8 in %XX form.");
  }
  if (text.find('#') != std::string_view::npos) {
    refuse(text, "a fragment (#...), which is never sent", "Leave it out.");
  }
  return text.starts_with(unix_prefix) ? parse_unix(text) : parse_http(text);
}

std::string Url::host_and_port() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Url::authority() const {
  std::string whole = host_and_port();
  const bool implied =
      scheme == Scheme::unix || port == (scheme == Scheme::http ? http_port : https_port);
  return implied ? whole.substr(0, whole.rfind(':')) : whole;
}

std::string api_url(std::string_view base, std::string_view endpoint) {
  while (base.ends_with('/')) {
    base.remove_suffix(1);
  }
  if (base.ends_with("/v1")) {
    base.remove_suffix(3);
  }
  // Behind the path of a unix socket, that of the request begins with a colon.
  const bool needs_colon =
      base.starts_with(unix_prefix) && base.find(':', unix_prefix.size()) == base.npos;
  return std::string(base).append(needs_colon ? ":/v1" : "/v1").append(endpoint);
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      const char* const digits = text.data() + i + 1;
      if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) {
        return std::nullopt;
      }
      i += 2;
    }
    plain += static_cast<char>(byte);
  }
  return plain;
}

}  // namespace crayon::transport
