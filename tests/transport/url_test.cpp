// Addresses of servers, and the proxies on the way to them.
#include "transport/url.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/support.h"
#include "transport/dialer.h"
#include "transport/http_client.h"
#include "transport/proxy.h"
#include "transport/request_message.h"
#include "transport/tls.h"

namespace crayon::transport {
namespace {

using test::code_of;

TEST(Url, Parts) {
  const auto parts = [](std::string_view text) {
    const Url url = Url::parse(text);
    return url.host + "|" + std::to_string(url.port) + "|" + url.path;
  };
  EXPECT_EQ(parts("http://board"), "board|80|/");
  EXPECT_EQ(parts("HTTP://board.local:8080"), "board.local|8080|/");
  EXPECT_EQ(parts("http://10.0.0.1:1/v1/x?y=z&u=%20"), "10.0.0.1|1|/v1/x?y=z&u=%20");
  EXPECT_EQ(parts("http://board?q=1"), "board|80|/?q=1");
  EXPECT_EQ(parts("http://board/a@b"), "board|80|/a@b");
  EXPECT_EQ(parts("http://[::1]:65535/"), "::1|65535|/");
}

TEST(Url, AnythingElseIsRefused) {
  const std::vector<std::string> bad = {"",
                                        "board",
                                        "board:8080",
                                        "/v1",
                                        "//board/",
                                        "http:/board",
                                        "http://",
                                        "http:///v1",
                                        "http://:80/",
                                        "ftp://board/",
                                        "http://board:0/",
                                        "http://board:/",
                                        "http://board:65536/",
                                        "http://board:8080x/",
                                        "http://board:-1/",
                                        "http://user:key@board/",
                                        "http://board/#top",
                                        "http://board/a b",
                                        "http://board/\r\nX: y",
                                        "http://board/\xc3\xa9",
                                        std::string("http://board/\0", 14),
                                        "http://[::1/",
                                        "unix:",
                                        "unix:socket",
                                        "unix:/a.sock:v1",
                                        "unix:/a.sock:",
                                        "unix:/" + std::string(107, 'a'),
                                        "http://board/" + std::string(10'000, 'x')};
  for (const std::string& text : bad) {
    EXPECT_EQ(code_of([&] { Url::parse(text); }), Code::bad_argument) << text;
  }
}

TEST(Url, Https) {
  if (!tls_is_built_in()) {
    std::string sentence;
    EXPECT_EQ(code_of([] { Url::parse("https://board/"); }, &sentence), Code::bad_argument);
    EXPECT_NE(sentence.find("TLS"), std::string::npos);
    return;
  }
  const Url url = Url::parse("https://board/v1");
  EXPECT_EQ(url.scheme, Url::Scheme::https);
  EXPECT_EQ(url.port, 443);
  EXPECT_EQ(url.authority(), "board");
  EXPECT_EQ(Url::parse("https://[::1]:80/").authority(), "[::1]:80");
}

TEST(Url, UnixSockets) {
  const Url url = Url::parse("unix:/run/model.sock:/v1/models?x=y");
  EXPECT_EQ(url.scheme, Url::Scheme::unix);
  EXPECT_EQ(url.socket, "/run/model.sock");
  EXPECT_EQ(url.path, "/v1/models?x=y");
  EXPECT_EQ(url.authority(), "localhost");
  EXPECT_EQ(Url::parse("unix:/run/model.sock").path, "/");
}

/// Settings out of variables.
ProxySettings settings_of(const std::map<std::string, std::string>& variables) {
  return ProxySettings::from([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

/// "host:port" of the proxy for `url`, or "direct".
std::string way_to(const std::string& url, const ProxySettings& settings) {
  const Proxy* proxy = settings.proxy_for(Url::parse(url));
  return proxy == nullptr ? "direct" : proxy->host + ":" + std::to_string(proxy->port);
}

TEST(Proxy, Addresses) {
  const Proxy proxy = Proxy::parse("http://user:p%40ss%3A@gate:3128/");
  EXPECT_EQ(proxy.host, "gate");
  EXPECT_EQ(proxy.port, 3128);
  EXPECT_EQ(proxy.authorization, "Basic dXNlcjpwQHNzOg==");  // user:p@ss:
  EXPECT_EQ(Proxy::parse("gate:1").port, 1);
  EXPECT_EQ(Proxy::parse("gate").port, 80);
  EXPECT_EQ(Proxy::parse("[::1]:8").host, "::1");
  EXPECT_EQ(Proxy::parse("u@gate").authorization, "Basic dTo=");
  EXPECT_EQ(Proxy::parse("gate").authorization, "");
  for (const char* bad : {"socks5://gate:1", "https://gate", "http://", "gate/path", "u:%4@gate",
                          "u:%zz@gate", "a%3Ab:c@gate", "gate:99999", "ga te"}) {
    std::string sentence;
    EXPECT_EQ(code_of([&] { Proxy::parse(bad); }, &sentence), Code::bad_argument) << bad;
    EXPECT_EQ(sentence.find("%4"), std::string::npos) << sentence;
  }
}

TEST(Proxy, FromTheEnvironment) {
  const ProxySettings none = settings_of({});
  EXPECT_EQ(way_to("http://far/", none), "direct");
  const ProxySettings one = settings_of({{"http_proxy", "a:1"}});
  EXPECT_EQ(way_to("http://far/", one), "a:1");
  const ProxySettings capitals = settings_of({{"ALL_PROXY", "a:1"}, {"HTTP_PROXY", "b:2"}});
  EXPECT_EQ(way_to("http://far/", capitals), "a:1");  // HTTP_PROXY may come from a stranger
  const ProxySettings empty = settings_of({{"http_proxy", ""}, {"no_proxy", ""}});
  EXPECT_EQ(way_to("http://far/", empty), "direct");
  std::string sentence;
  EXPECT_EQ(code_of(
                [] {
                  settings_of({{"all_proxy", "socks5://u:secret@a"}});
                },
                &sentence),
            Code::bad_argument);
  EXPECT_NE(sentence.find("all_proxy"), std::string::npos) << sentence;
  EXPECT_EQ(sentence.find("secret"), std::string::npos) << sentence;
}

TEST(Proxy, HttpsHasItsOwn) {
  if (!tls_is_built_in()) {
    GTEST_SKIP() << "TLS is not built in";
  }
  const ProxySettings both =
      settings_of({{"http_proxy", "a:1"}, {"https_proxy", "b:2"}, {"HTTPS_PROXY", "c:3"}});
  EXPECT_EQ(way_to("https://far/", both), "b:2");
  EXPECT_EQ(way_to("https://far/", settings_of({{"HTTPS_PROXY", "c:3"}})), "c:3");
  EXPECT_EQ(way_to("https://far/", settings_of({{"http_proxy", "a:1"}})), "direct");
}

TEST(Proxy, NoProxy) {
  const auto way = [](const std::string& url, const std::string& no_proxy) {
    return way_to(url, settings_of({{"http_proxy", "p:1"}, {"no_proxy", no_proxy}}));
  };
  for (const char* list : {"*", "far.example", ".far.example", "example", "x, FAR.Example", "x,\t*",
                           "far.example:80"}) {
    EXPECT_EQ(way("http://far.example/", list), "direct") << list;
  }
  for (const char* list :
       {"", "x", "ar.example", "far.example.org", "www.far.example", "far.example:81", ".", ","}) {
    EXPECT_EQ(way("http://far.example/", list), "p:1") << list;
  }
  EXPECT_EQ(way("http://10.0.0.7/", "10.0.0.7"), "direct");
  EXPECT_EQ(way("http://10.0.0.77/", "10.0.0.7"), "p:1");
  EXPECT_EQ(way("http://[fd00::1]:8080/", "fd00::1"), "direct");
  EXPECT_EQ(way("http://[fd00::1]:8080/", "[fd00::1]:8080"), "direct");
  EXPECT_EQ(way("http://[fd00::1]:8080/", "fd00::2"), "p:1");
}

TEST(Proxy, ThisMachineIsReachedDirectly) {
  const ProxySettings settings = settings_of({{"http_proxy", "p:1"}});
  for (const char* url : {"http://localhost/", "http://127.0.0.1/", "http://127.9.9.9:8080/",
                          "http://[::1]/", "unix:/run/a.sock"}) {
    EXPECT_EQ(way_to(url, settings), "direct") << url;
  }
  EXPECT_EQ(way_to("http://127.0.0.1.example/", settings), "p:1");
}

TEST(Route, ConnectionsAreSharedOnlyWhereTheyLeadToTheSamePlace) {
  const auto key = [](const std::string& url, const char* proxy = nullptr) {
    Route route;
    route.url = Url::parse(url);
    if (proxy != nullptr) {
      route.proxy = Proxy::parse(proxy);
    }
    return route.key();
  };
  EXPECT_EQ(key("http://a/x"), key("http://a:80/y?z"));
  EXPECT_NE(key("http://a/"), key("http://b/"));
  EXPECT_NE(key("http://a/"), key("http://a:81/"));
  EXPECT_NE(key("http://a/"), key("http://a/", "p:1"));
  EXPECT_NE(key("http://a/", "u:1@p:1"), key("http://a/", "u:2@p:1"));
  EXPECT_NE(key("unix:/a"), key("unix:/b"));
}

TEST(RequestMessage, ThroughAProxy) {
  const Proxy proxy = Proxy::parse("user:pass@p:1");
  EXPECT_EQ(serialize({}, Url::parse("http://far:81/x?y"), &proxy, true),
            "GET http://far:81/x?y HTTP/1.1\r\nHost: far:81\r\n"
            "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n");
  EXPECT_EQ(serialize({}, Url::parse("http://far/"), nullptr, false),
            "GET / HTTP/1.1\r\nHost: far\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(serialize({}, Url::parse("unix:/a.sock:/x"), nullptr, true),
            "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

}  // namespace
}  // namespace crayon::transport
