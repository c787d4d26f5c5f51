// https, both sides: who is trusted, who is let in, and how a connection ends.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/support.h"
#include "tests/transport/certificates.h"
#include "tests/transport/sockets.h"
#include "tests/transport/tls_peer.h"
#include "transport/http_client.h"
#include "transport/http_server.h"

namespace crayon::transport {
namespace {

using std::chrono::milliseconds;
using test::Authority;
using test::code_of;
using test::Identity;
using test::RunningServer;
using test::Socket;
using test::TlsPeer;
using test::TlsSocket;

void echo(const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
  responder->reply(200, "text/plain", request.method + " " + request.target + " " + request.body);
}

ServerOptions as(const Identity& identity) {
  ServerOptions options;
  options.tls = {.certificate_file = identity.certificate_file, .key_file = identity.key_file};
  return options;
}

std::string url_of(const RunningServer& server, const std::string& host = "127.0.0.1") {
  return "https://" + host + ":" + std::to_string(server.port()) + "/";
}

ClientOptions trusting(const std::string& ca_file) {
  return {.tls = {.ca_file = ca_file}};
}

/// What a client that trusts `ca_file` says of `url`.
Code code_for(const std::string& url, const std::string& ca_file, std::string* sentence = nullptr) {
  Client client(trusting(ca_file));
  return code_of([&] { client.fetch({.url = url, .deadline = milliseconds(5000)}); }, sentence);
}

TEST(Tls, GetPostAndReuse) {
  Authority authority;
  const RunningServer server(echo, as(authority.issue()));
  Client client(trusting(authority.file()));
  EXPECT_EQ(client.fetch({.url = url_of(server)}).body, "GET / ");
  EXPECT_EQ(client.fetch({.url = url_of(server, "localhost")}).body, "GET / ");
  const std::string body(3'000'000, 'x');
  EXPECT_EQ(client.fetch({.method = "POST", .url = url_of(server), .body = body}).body,
            "POST / " + body);
}

TEST(Tls, StreamsAndWaitsForASlowCaller) {
  Authority authority;
  constexpr int pieces = 200;
  const std::string piece(10'000, 'x');
  std::thread writer;
  const RunningServer server(
      [&](const ServerRequest&, std::shared_ptr<Responder> responder) {
        writer = std::thread([&piece, responder = std::move(responder)] {
          responder->start(200, "text/plain");
          for (int i = 0; i < pieces; ++i) {
            responder->write(piece);
          }
          responder->finish();
        });
      },
      as(authority.issue()));
  Client client(trusting(authority.file()));
  std::size_t size = 0;
  client.fetch({.url = url_of(server)}, [&](std::string_view bytes) {
    if (size == 0) {
      std::this_thread::sleep_for(milliseconds(100));
    }
    size += bytes.size();
    return true;
  });
  writer.join();
  EXPECT_EQ(size, pieces * piece.size());
}

TEST(Tls, AsksForTheNameAndForHttp) {
  Authority authority;
  std::string name;
  std::string protocol;
  {
    const TlsPeer peer(authority.issue(), [&](TlsSocket& socket) {
      name = socket.asked_name();
      protocol = socket.protocol();
      socket.receive_until("\r\n\r\n");
      socket.send("HTTP/1.1 204 No Content\r\n\r\n");
      socket.say_goodbye();
    });
    Client client(trusting(authority.file()));
    EXPECT_EQ(client.fetch({.url = peer.url("localhost")}).status, 204);
    EXPECT_EQ(name, "localhost");
    EXPECT_EQ(protocol, "http/1.1");
  }
}

TEST(Tls, CertificatesThatAreNotTrusted) {
  Authority authority;
  Authority stranger("Stranger");
  std::string sentence;
  {
    const RunningServer server(echo, as(authority.issue()));
    EXPECT_EQ(code_for(url_of(server), stranger.file()), Code::certificate_untrusted);
    // The system's authorities do not know it either, and fetch() asks no others.
    EXPECT_EQ(code_of([&] { fetch({.url = url_of(server)}); }, &sentence),
              Code::certificate_untrusted);
    EXPECT_NE(sentence.find("issuer"), std::string::npos) << sentence;
  }
  const Identity own = authority.self_signed();
  const RunningServer server(echo, as(own));
  EXPECT_EQ(code_for(url_of(server), stranger.file(), &sentence), Code::certificate_untrusted);
  EXPECT_NE(sentence.find("self-signed"), std::string::npos) << sentence;
  // Pinned, a certificate vouches for itself.
  Client client(trusting(own.certificate_file));
  EXPECT_EQ(client.fetch({.url = url_of(server)}).status, 200);
}

TEST(Tls, APinnedServerNeedsNoAuthority) {
  Authority authority;
  const Identity identity = authority.issue();
  const RunningServer server(echo, as(identity));
  Client client(trusting(identity.certificate_file));
  EXPECT_EQ(client.fetch({.url = url_of(server)}).status, 200);
}

TEST(Tls, CertificatesOfAnotherTime) {
  Authority authority;
  std::string sentence;
  const RunningServer expired(echo,
                              as(authority.issue({.valid_from = -7200, .valid_until = -3600})));
  EXPECT_EQ(code_for(url_of(expired), authority.file(), &sentence), Code::certificate_expired);
  EXPECT_NE(sentence.find("has expired"), std::string::npos) << sentence;
  const RunningServer early(echo, as(authority.issue({.valid_from = 3600, .valid_until = 7200})));
  EXPECT_EQ(code_for(url_of(early), authority.file(), &sentence), Code::certificate_expired);
  EXPECT_NE(sentence.find("not yet valid"), std::string::npos) << sentence;
}

TEST(Tls, CertificatesOfAnotherHost) {
  Authority authority;
  const RunningServer other(echo, as(authority.issue({.names = {"DNS:other.example"}})));
  EXPECT_EQ(code_for(url_of(other, "localhost"), authority.file()), Code::certificate_host);
  EXPECT_EQ(code_for(url_of(other), authority.file()), Code::certificate_host);
  const RunningServer address(echo, as(authority.issue({.names = {"IP:127.0.0.2"}})));
  EXPECT_EQ(code_for(url_of(address), authority.file()), Code::certificate_host);
  // A name that looks like an address is no address.
  const RunningServer name(echo, as(authority.issue({.names = {"DNS:127.0.0.1"}})));
  EXPECT_EQ(code_for(url_of(name), authority.file()), Code::certificate_host);
}

TEST(Tls, ClientCertificates) {
  Authority authority;
  Authority stranger("Stranger");
  ServerOptions options = as(authority.issue());
  options.tls.client_ca_file = authority.file();
  const RunningServer server(echo, options);
  std::string sentence;
  EXPECT_EQ(code_for(url_of(server), authority.file(), &sentence), Code::certificate_required);
  EXPECT_NE(sentence.find("client certificate"), std::string::npos) << sentence;

  const auto come_as = [&](const Identity& identity) {
    return ClientOptions{.tls = {.ca_file = authority.file(),
                                 .certificate_file = identity.certificate_file,
                                 .key_file = identity.key_file}};
  };
  Client known(come_as(authority.issue()));
  EXPECT_EQ(known.fetch({.url = url_of(server)}).status, 200);
  EXPECT_EQ(known.fetch({.url = url_of(server)}).status, 200);
  for (const Identity& identity :
       {stranger.issue(), authority.issue({.valid_from = -7200, .valid_until = -3600})}) {
    Client unknown(come_as(identity));
    EXPECT_EQ(code_of([&] { unknown.fetch({.url = url_of(server)}); }), Code::certificate_required);
  }
}

TEST(Tls, WhatDoesNotSpeakIt) {
  Authority authority;
  std::string sentence;
  const RunningServer plain(echo);
  EXPECT_EQ(code_for(url_of(plain), authority.file(), &sentence), Code::tls_handshake);
  EXPECT_NE(sentence.find("does not speak TLS"), std::string::npos) << sentence;
  const test::Peer silent([](Socket& socket) { socket.receive(1); });
  EXPECT_EQ(code_for("https://127.0.0.1:" + std::to_string(silent.port()) + "/", authority.file()),
            Code::connection_lost);
  const TlsPeer old(
      authority.issue(), [](TlsSocket&) {}, TLS1_2_VERSION);
  EXPECT_EQ(code_for(old.url(), authority.file(), &sentence), Code::tls_handshake);
  EXPECT_NE(sentence.find("1.3"), std::string::npos) << sentence;
}

TEST(Tls, AHandshakeThatHangsEndsAtTheDeadline) {
  Authority authority;
  Client client(trusting(authority.file()));
  const test::SilentAddress silent;
  const test::Peer peer([](Socket& socket) { socket.receive_until_end(); });
  for (const std::uint16_t port : {silent.port(), peer.port()}) {
    EXPECT_EQ(code_of([&] {
                client.fetch({.url = "https://127.0.0.1:" + std::to_string(port) + "/",
                              .deadline = milliseconds(150)});
              }),
              Code::timed_out);
  }
}

/// How a reply is taken that ends with the connection, with TLS' farewell or without.
TEST(Tls, AReplyThatIsCutOffIsNotWhole) {
  Authority authority;
  const Identity identity = authority.issue();
  for (const bool politely : {true, false}) {
    for (const std::string& reply :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"),
          std::string("HTTP/1.1 200 OK\r\n\r\nhello")}) {
      const TlsPeer peer(identity, [&](TlsSocket& socket) {
        socket.receive_until("\r\n\r\n");
        socket.send(reply);
        if (politely) {
          socket.say_goodbye();
        }
      });
      Client client(trusting(authority.file()));
      const bool is_whole = reply.find(": 5") != std::string::npos ||
                            (politely && reply.find(": 6") == std::string::npos);
      if (is_whole) {
        EXPECT_EQ(client.fetch({.url = peer.url()}).body, "hello");
      } else {
        EXPECT_EQ(code_of([&] { client.fetch({.url = peer.url()}); }), Code::connection_lost);
      }
    }
  }
}

TEST(Tls, AClosedConnectionIsReplaced) {
  Authority authority;
  const TlsPeer peer(authority.issue(), [](TlsSocket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  Client client(trusting(authority.file()));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.fetch({.url = peer.url()}).body, "ok");
  }
  EXPECT_EQ(peer.connections(), 3);
}

/// Copies bytes both ways until one side ends.
void relay(const Socket& left, const Socket& right) {
  std::thread back([&] {
    for (std::string bytes = right.receive(); !bytes.empty(); bytes = right.receive()) {
      left.send(bytes);
    }
    left.end_sending();
  });
  for (std::string bytes = left.receive(); !bytes.empty(); bytes = left.receive()) {
    right.send(bytes);
  }
  right.end_sending();
  back.join();
}

TEST(Tls, ThroughAProxysTunnel) {
  Authority authority;
  const RunningServer server(echo, as(authority.issue({.names = {"DNS:far.example"}})));
  std::vector<std::string> asked;
  {
    const test::Peer proxy([&](Socket& socket) {
      asked.push_back(socket.receive_until("\r\n\r\n"));
      socket.send("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
      relay(socket, Socket::to(server.port()));
    });
    ClientOptions options = trusting(authority.file());
    options.proxies.https = Proxy::parse("u:p@127.0.0.1:" + std::to_string(proxy.port()));
    Client client(options);
    EXPECT_EQ(client.fetch({.url = "https://far.example/x"}).body, "GET /x ");
    EXPECT_EQ(client.fetch({.url = "https://far.example/y"}).body, "GET /y ");
  }
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0],
            "CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n"
            "Proxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST(Tls, ProxiesThatRefuse) {
  Authority authority;
  const auto code_through = [&](const std::string& reply, std::string* sentence) {
    const test::Peer proxy([&](Socket& socket) {
      socket.receive_until("\r\n\r\n");
      socket.send(reply);
    });
    ClientOptions options = trusting(authority.file());
    options.proxies.https = Proxy::parse("127.0.0.1:" + std::to_string(proxy.port()));
    Client client(options);
    return code_of([&] { client.fetch({.url = "https://far.example/"}); }, sentence);
  };
  std::string sentence;
  EXPECT_EQ(code_through("HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\nwho", &sentence),
            Code::connect_failed);
  EXPECT_NE(sentence.find("407"), std::string::npos) << sentence;
  EXPECT_EQ(code_through("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", nullptr),
            Code::protocol);
  EXPECT_EQ(code_through("SSH-2.0\r\n", nullptr), Code::protocol);
  EXPECT_EQ(code_through("", nullptr), Code::connect_failed);
}

TEST(Tls, FilesThatCannotBeUsed) {
  Authority authority;
  const Identity one = authority.issue();
  const Identity two = authority.issue();
  const test::TempDir folder;
  const std::string text = folder / "text";
  std::ofstream(text) << "no PEM\n";
  const auto code_with = [](const TlsOptions& tls) {
    Client client({.tls = tls});
    return code_of([&] { client.fetch({.url = "https://127.0.0.1:1/"}); });
  };
  EXPECT_EQ(code_with({.ca_file = folder / "none"}), Code::not_found);
  EXPECT_EQ(code_with({.ca_file = text}), Code::malformed);
  EXPECT_EQ(code_with({.ca_file = authority.file(), .certificate_file = one.certificate_file}),
            Code::bad_argument);
  EXPECT_EQ(
      code_with({.ca_file = authority.file(), .certificate_file = text, .key_file = one.key_file}),
      Code::malformed);
  const auto serve_with = [&](const std::string& certificate, const std::string& key,
                              const std::string& client_ca = {}) {
    return code_of([&] {
      HttpServer(
          {.port = 0,
           .tls = {.certificate_file = certificate, .key_file = key, .client_ca_file = client_ca}},
          echo);
    });
  };
  EXPECT_EQ(serve_with(one.certificate_file, two.key_file), Code::bad_argument);
  EXPECT_EQ(serve_with(one.certificate_file, ""), Code::not_found);
  EXPECT_EQ(serve_with("", one.key_file), Code::bad_argument);
  EXPECT_EQ(serve_with("", "", authority.file()), Code::bad_argument);
  EXPECT_EQ(serve_with(one.certificate_file, one.key_file, text), Code::malformed);
  // Nobody is asked for the password.
  EXPECT_EQ(serve_with(authority.file(), authority.encrypted_key()), Code::malformed);
}

TEST(TlsServer, SpeaksNothingOlder) {
  Authority authority;
  const RunningServer server(echo, as(authority.issue()));
  const auto agrees = [&](int highest_version) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_max_proto_version(context.get(), highest_version);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    const Socket socket = Socket::to(server.port());
    SSL_set_fd(ssl.get(), socket.descriptor());
    return SSL_connect(ssl.get()) == 1;
  };
  EXPECT_TRUE(agrees(TLS1_3_VERSION));
  EXPECT_FALSE(agrees(TLS1_2_VERSION));
}

TEST(TlsServer, StandsWhatIsNoHandshake) {
  Authority authority;
  const RunningServer server(echo, as(authority.issue()));
  for (const char* bytes :
       {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\x16\x03\x01\xff\xff", "\r\n\r\n"}) {
    const Socket socket = Socket::to(server.port());
    socket.send(bytes);
    socket.end_sending();
    EXPECT_EQ(socket.receive_until_end().find("HTTP/1.1 200"), std::string::npos);
  }
  Client client(trusting(authority.file()));
  EXPECT_EQ(client.fetch({.url = url_of(server)}).status, 200);
}

TEST(TlsServer, AHandshakeThatTakesTooLongEnds) {
  Authority authority;
  ServerOptions options = as(authority.issue());
  options.idle_seconds = 1;
  const RunningServer server(echo, options);
  const Socket silent = Socket::to(server.port());
  const Socket begun = Socket::to(server.port());
  begun.send("\x16\x03\x01");
  const auto elapsed = test::milliseconds_of([&] {
    silent.receive_until_end();
    begun.receive_until_end();
  });
  EXPECT_GE(elapsed, 900);
  EXPECT_LT(elapsed, 8000);
}

TEST(TlsServer, OneConnectionTooManyIsToldSo) {
  Authority authority;
  ServerOptions options = as(authority.issue());
  options.max_connections = 1;
  const RunningServer server(echo, options);
  const Socket first = Socket::to(server.port());
  Client client(trusting(authority.file()));
  EXPECT_TRUE(
      test::eventually([&] { return client.fetch({.url = url_of(server)}).status == 503; }));
}

TEST(TlsServer, StopsWithConnectionsOpen) {
  Authority authority;
  RunningServer server(echo, as(authority.issue()));
  Client client(trusting(authority.file()));
  EXPECT_EQ(client.fetch({.url = url_of(server)}).status, 200);
  const Socket silent = Socket::to(server.port());
  EXPECT_LT(test::milliseconds_of([&] { server.stop(); }), 3000);
  EXPECT_EQ(code_of([&] { client.fetch({.url = url_of(server)}); }), Code::connect_failed);
}

}  // namespace
}  // namespace crayon::transport
