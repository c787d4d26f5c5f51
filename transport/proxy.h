#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/url.h"

namespace crayon::transport {

/// An HTTP proxy, as "http://user:password@host:port" names it.
struct Proxy {
  std::string host;
  std::uint16_t port = 80;
  std::string authorization;  ///< value of Proxy-Authorization (Basic); empty: not sent

  /// "http://" may be left out; user name and password may be percent-encoded. Throws
  /// bad_argument for anything else (SOCKS, a proxy behind TLS), without showing a password.
  static Proxy parse(std::string_view text);
};

/// Which requests go through which proxy. By default, none through any.
struct ProxySettings {
  std::optional<Proxy> http;   ///< for http://, asked with the whole URL
  std::optional<Proxy> https;  ///< for https://, which it tunnels (CONNECT)
  /// Hosts that are reached directly: "*" (all), "10.0.0.7", "example.com" or ".example.com"
  /// (that name and every name below it), each with ":port" or without.
  std::vector<std::string> no_proxy;

  /// http_proxy, https_proxy, all_proxy, no_proxy, and those names in capitals, which count less;
  /// but never HTTP_PROXY: where a web server runs programs (CGI), the header "Proxy:" of a
  /// stranger's request sets it. Throws bad_argument, naming the variable.
  static ProxySettings from_environment();
  /// The same with another source; null: not set.
  static ProxySettings from(const std::function<const char*(const char*)>& variable);

  /// Null: directly. This machine itself (localhost, 127.0.0.0/8, ::1) and unix sockets always
  /// are.
  const Proxy* proxy_for(const Url& url) const;
};

}  // namespace crayon::transport
