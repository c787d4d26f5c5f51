#include "transport/proxy.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "transport/base64.h"
#include "transport/http_message.h"

namespace crayon::transport {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Code::bad_argument, "the proxy's address: " + why,
              "Give it the form http://user:password@host:port.");
}

std::string decoded(std::string_view text) {
  std::optional<std::string> plain = percent_decoded(text);
  if (!plain) {
    refuse("\"%\" without two hexadecimal digits in the user name or password");
  }
  return std::move(*plain);
}

bool is_this_machine(const std::string& host) {
  return equal_without_case(host, "localhost") || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

/// Whether an entry of NO_PROXY speaks of `url`.
bool covers(std::string_view entry, const Url& url) {
  if (entry == "*") {
    return true;
  }
  const std::size_t colon = entry.rfind(':');
  const bool is_v6 = colon != std::string_view::npos && entry.find(':') != colon;
  if (is_v6 || entry.starts_with('[')) {
    return entry == url.host || entry == "[" + url.host + "]" || entry == url.host_and_port();
  }
  if (colon != std::string_view::npos) {
    if (entry.substr(colon + 1) != std::to_string(url.port)) {
      return false;
    }
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with('.')) {
    entry.remove_prefix(1);
  }
  if (entry.empty() || entry.size() > url.host.size()) {
    return false;
  }
  const std::size_t before = url.host.size() - entry.size();
  return equal_without_case(std::string_view(url.host).substr(before), entry) &&
         (before == 0 || url.host[before - 1] == '.');
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> entries;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(", \t"), list.size());
    if (end > 0) {
      entries.emplace_back(list.substr(0, end));
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return entries;
}

}  // namespace

Proxy Proxy::parse(std::string_view text) {
  if (const std::size_t mark = text.find("://"); mark != std::string_view::npos) {
    if (!equal_without_case(text.substr(0, mark), "http")) {
      refuse("only http:// proxies are spoken to");
    }
    text.remove_prefix(mark + 3);
  }
  while (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  Proxy proxy;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = text.substr(0, at);
    const std::size_t colon = std::min(user.find(':'), user.size());
    const std::string name = decoded(user.substr(0, colon));
    const std::string password =
        colon < user.size() ? decoded(user.substr(colon + 1)) : std::string();
    if (name.find(':') != std::string::npos) {
      refuse("a user name of Basic authentication has no \":\"");
    }
    proxy.authorization = "Basic " + to_base64(name + ":" + password);
    text.remove_prefix(at + 1);
  }
  Url url;
  try {
    url = Url::parse("http://" + std::string(text));
  } catch (const Error&) {
    refuse("no host and port that can be used");
  }
  if (url.path != "/") {
    refuse("a path, which a proxy does not have");
  }
  proxy.host = url.host;
  proxy.port = url.port;
  return proxy;
}

ProxySettings ProxySettings::from_environment() {
  return from([](const char* name) { return std::getenv(name); });
}

ProxySettings ProxySettings::from(const std::function<const char*(const char*)>& variable) {
  const auto value = [&](std::initializer_list<const char*> names) -> std::string_view {
    for (const char* name : names) {
      if (const char* text = variable(name)) {
        return text;
      }
    }
    return {};
  };
  const auto proxy = [&](std::string_view text, const char* name) -> std::optional<Proxy> {
    if (text.empty()) {
      return std::nullopt;
    }
    try {
      return Proxy::parse(text);
    } catch (const Error& error) {
      throw Error(error.code(), std::string(name) + ": " + error.what(), error.hint());
    }
  };
  ProxySettings settings;
  settings.http = proxy(value({"http_proxy"}), "http_proxy");
  settings.https = proxy(value({"https_proxy", "HTTPS_PROXY"}), "https_proxy");
  for (std::optional<Proxy>* one : {&settings.http, &settings.https}) {
    if (!*one) {
      *one = proxy(value({"all_proxy", "ALL_PROXY"}), "all_proxy");
    }
  }
  settings.no_proxy = split_list(value({"no_proxy", "NO_PROXY"}));
  return settings;
}

const Proxy* ProxySettings::proxy_for(const Url& url) const {
  const std::optional<Proxy>& proxy = url.scheme == Url::Scheme::https ? https : http;
  if (!proxy || url.scheme == Url::Scheme::unix || is_this_machine(url.host) ||
      std::any_of(no_proxy.begin(), no_proxy.end(),
                  [&](const std::string& entry) { return covers(entry, url); })) {
    return nullptr;
  }
  return &*proxy;
}

}  // namespace crayon::transport
