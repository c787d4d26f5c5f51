// Addresses: a URL, a proxy and a list of those who need none, all of the same text.
#include <string>

#include "base/error.h"
#include "tests/fuzz/fuzz.h"
#include "transport/proxy.h"
#include "transport/url.h"

namespace crayon::fuzz {
namespace {

using transport::ProxySettings;
using transport::Url;

/// Calls `read`, which may refuse the text.
template <typename Read>
void read_or_refuse(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    require(error.code() == Code::bad_argument, "what is no address is a bad argument");
  }
}

void check_url(std::string_view text) {
  const Url url = Url::parse(text);
  require(url.path.starts_with('/'), "a path begins at the root");
  // All of these go into the first lines of a request.
  for (const std::string& part : {url.path, url.authority(), url.host_and_port()}) {
    require(part.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
            "an address fits a line");
  }
  if (url.scheme == Url::Scheme::unix) {
    require(url.socket.starts_with('/'), "a socket's path is absolute");
    return;
  }
  require(!url.host.empty() && url.port != 0, "there is somebody to ask");
  const char* scheme = url.scheme == Url::Scheme::https ? "https://" : "http://";
  const Url again = Url::parse(scheme + url.host_and_port() + url.path);
  require(again.host == url.host && again.port == url.port && again.path == url.path,
          "an address that is printed reads as it was");
}

void check_proxies(const std::string& text) {
  const ProxySettings settings = ProxySettings::from([&](const char* name) {
    return std::string_view(name) == "HTTP_PROXY" ? nullptr : text.c_str();
  });
  settings.proxy_for(Url::parse("http://example.com:8080/"));
  settings.proxy_for(Url::parse("http://[::1]/"));
}

void check(std::string_view text) {
  read_or_refuse([&] { check_url(text); });
  read_or_refuse([&] { check_proxies(std::string(text)); });
  const auto decoded = transport::percent_decoded(text);
  require(!decoded || decoded->size() <= text.size(), "decoding makes nothing longer");
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
