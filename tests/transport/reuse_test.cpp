// A client that is used again and again: which connections it keeps, and what ends them.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/support.h"
#include "tests/transport/sockets.h"
#include "transport/http_client.h"
#include "transport/http_server.h"

namespace crayon::transport {
namespace {

using std::chrono::milliseconds;
using test::code_of;
using test::Peer;
using test::RunningServer;
using test::Socket;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers every request on a connection with `reply`.
Peer::Script always(std::string reply) {
  return [reply = std::move(reply)](Socket& socket) {
    while (!socket.receive_until("\r\n\r\n").empty() && socket.send(reply)) {
    }
  };
}

/// How many connections `times` requests take with a server that answers `reply`.
int connections_for(const std::string& reply, int times = 4, ClientOptions options = {}) {
  const Peer peer(always(reply));
  Client client(std::move(options));
  for (int i = 0; i < times; ++i) {
    EXPECT_EQ(client.fetch({.url = peer.url()}).status, 200);
  }
  return peer.connections();
}

TEST(Reuse, OneConnectionForManyRequests) {
  EXPECT_EQ(connections_for(ok), 1);
  EXPECT_EQ(connections_for("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "2\r\nok\r\n0\r\n\r\n"),
            1);
  EXPECT_EQ(connections_for("HTTP/1.1 100 Continue\r\n\r\n" + ok), 1);
}

TEST(Reuse, NotWhereTheServerDoesNotMeanIt) {
  EXPECT_EQ(connections_for("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            4);
  EXPECT_EQ(connections_for("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), 4);
  EXPECT_EQ(connections_for(ok, 4, {.idle_connections = 0}), 4);
}

TEST(Reuse, BytesBeyondAReplyEndTheConnection) {
  EXPECT_EQ(connections_for(ok + "HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n"), 4);
  EXPECT_EQ(connections_for(ok + "\n"), 4);
}

TEST(Reuse, LateBytesAreNobodysReply) {
  std::atomic<int> sent = 0;
  const Peer peer([&](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send(ok);
    std::this_thread::sleep_for(milliseconds(30));
    socket.send("HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n");
    ++sent;
    socket.receive_until_end();
  });
  Client client;
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(client.fetch({.url = peer.url()}).status, 200);
    EXPECT_TRUE(test::eventually([&] { return sent == i; }));
  }
  EXPECT_EQ(peer.connections(), 3);
}

TEST(Reuse, AConnectionThatHasEndedIsReplaced) {
  for (const bool with_reset : {false, true}) {
    const Peer peer([&](Socket& socket) {  // answers one request, and fails at the second
      socket.receive_until("\r\n\r\n");
      socket.send(ok);
      socket.receive_until("\r\n\r\n");
      if (with_reset) {
        socket.reset();
      }
    });
    Client client;
    for (int i = 0; i < 6; ++i) {
      EXPECT_EQ(client.fetch({.url = peer.url()}).body, "ok");
    }
  }
}

TEST(Reuse, OnlyOnceAndOnlyBeforeTheFirstByte) {
  std::atomic<int> count = 0;
  {
    const Peer peer([&](Socket& socket) {  // after the first reply, nothing ever comes
      socket.receive_until("\r\n\r\n");
      if (count++ == 0) {
        socket.send(ok);
        socket.receive_until("\r\n\r\n");
      }
    });
    Client client;
    EXPECT_EQ(client.fetch({.url = peer.url()}).body, "ok");
    EXPECT_EQ(code_of([&] { client.fetch({.url = peer.url()}); }), Code::connection_lost);
    EXPECT_EQ(peer.connections(), 2);
  }
  const Peer peer([&](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send(ok);
    socket.receive_until("\r\n\r\n");
    socket.send("H");
  });
  Client client;
  EXPECT_EQ(client.fetch({.url = peer.url()}).body, "ok");
  EXPECT_EQ(code_of([&] { client.fetch({.url = peer.url()}); }), Code::connection_lost);
  EXPECT_EQ(peer.connections(), 1);
}

TEST(Reuse, TheServerRestarts) {
  const auto echo = [](const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
    responder->reply(200, "text/plain", request.body);
  };
  Client client;
  auto server = std::make_unique<RunningServer>(echo);
  const std::uint16_t port = server->port();
  const ClientRequest post{.method = "POST", .url = server->url(), .body = "hello"};
  EXPECT_EQ(client.fetch(post).body, "hello");
  server.reset();
  EXPECT_EQ(code_of([&] { client.fetch(post); }), Code::connect_failed);
  HttpServer again({.port = port}, echo);
  std::thread loop([&] { again.run(); });
  EXPECT_EQ(client.fetch(post).body, "hello");
  again.stop();
  loop.join();
}

TEST(Reuse, IdleConnectionsAreFewAndGoAfterAWhile) {
  std::atomic<int> open = 0;
  const auto count_open = [&](Socket& socket) {
    ++open;
    socket.receive_until("\r\n\r\n");
    socket.send(ok);
    socket.receive_until_end();
    --open;
  };
  const Peer one(count_open);
  const Peer two(count_open);
  const Peer three(count_open);
  Client client({.idle_connections = 2, .idle_time = milliseconds(300)});
  for (const Peer* peer : {&one, &two, &three}) {
    EXPECT_EQ(client.fetch({.url = peer->url()}).body, "ok");
  }
  EXPECT_TRUE(test::eventually([&] { return open <= 2; }));
  EXPECT_TRUE(test::eventually([&] { return open == 0; }));
}

TEST(Reuse, ManyThreadsShareAClient) {
  const RunningServer server(
      [](const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
        responder->reply(200, "text/plain", request.target);
      });
  Client client;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string path = "/" + std::to_string(t * 100 + i);
        EXPECT_EQ(client.fetch({.url = server.url(path)}).body, path);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(Reuse, OneThatWaitsDoesNotHoldUpAnother) {
  const Peer silent([](Socket& socket) { socket.receive_until_end(); });
  const Peer peer(always(ok));
  Client client;
  std::atomic<bool> cancelled = false;
  std::thread waiting([&] {
    EXPECT_EQ(code_of([&] { client.fetch({.url = silent.url(), .cancelled = &cancelled}); }),
              Code::cancelled);
  });
  EXPECT_TRUE(test::eventually([&] { return silent.connections() == 1; }));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client.fetch({.url = peer.url()}).body, "ok");
  }
  cancelled = true;
  waiting.join();
}

TEST(Reuse, AfterFailuresTheClientWorksOn) {
  const Peer peer([](Socket& socket) {
    for (;;) {
      const std::string request = socket.receive_until("\r\n\r\n");
      if (request.starts_with("GET /silent")) {
        socket.receive_until_end();
        return;
      }
      socket.send(request.starts_with("GET /garbage") ? "garbage\r\n\r\n" : ok);
    }
  });
  Client client;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.fetch({.url = peer.url()}).body, "ok");
    EXPECT_EQ(
        code_of([&] { client.fetch({.url = peer.url("/silent"), .deadline = milliseconds(60)}); }),
        Code::timed_out);
    EXPECT_EQ(code_of([&] { client.fetch({.url = peer.url("/garbage")}); }), Code::protocol);
    EXPECT_EQ(code_of([&] {
                client.fetch({.url = peer.url()},
                             [](std::string_view) -> bool { throw Error(Code::corrupt, "mine"); });
              }),
              Code::corrupt);
  }
}

TEST(Reuse, ASlowCallerHoldsThePeerBack) {
  std::atomic<std::size_t> sent = 0;
  constexpr std::size_t whole = std::size_t{32} * 1024 * 1024;
  const Peer peer([&](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(whole) + "\r\n\r\n");
    const std::string piece(65536, 'x');
    while (sent < whole && socket.send(piece)) {
      sent += piece.size();
    }
  });
  Client client;
  std::size_t taken = 0;
  std::size_t before = 0;
  const ClientRequest request{
      .url = peer.url(), .deadline = std::chrono::minutes(5), .limits = {.body_bytes = whole}};
  client.fetch(request, [&](std::string_view bytes) {
    if (taken == 0) {
      // The kernel's buffers fill, then ours; then nothing moves.
      EXPECT_TRUE(test::eventually([&] {
        std::this_thread::sleep_for(milliseconds(50));
        const std::size_t now = sent;
        return std::exchange(before, now) == now && now > 0;
      }));
      EXPECT_LT(before, whole / 4 * 3);
    }
    taken += bytes.size();
    return true;
  });
  EXPECT_EQ(taken, whole);
}

TEST(Reuse, StatusesPassThroughWithTheirFields) {
  for (const int status : {401, 429, 500, 503}) {
    const Peer peer(always("HTTP/1.1 " + std::to_string(status) +
                           " No\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno"));
    Client client;
    for (int i = 0; i < 2; ++i) {
      const ClientResponse reply = client.fetch({.url = peer.url()});
      EXPECT_EQ(reply.status, status);
      EXPECT_EQ(header(reply.headers, "retry-after"), "7");
      EXPECT_EQ(reply.body, "no");
    }
    EXPECT_EQ(peer.connections(), 1);
  }
}

TEST(Reuse, ThroughAProxyForHttp) {
  std::vector<std::string> asked;
  {
    const Peer proxy([&](Socket& socket) {
      for (;;) {
        asked.push_back(socket.receive_until("\r\n\r\n"));
        socket.send(ok);
      }
    });
    ClientOptions options;
    options.proxies.http = Proxy::parse("u:p@127.0.0.1:" + std::to_string(proxy.port()));
    Client client(options);
    EXPECT_EQ(client.fetch({.url = "http://far.invalid/x?y"}).body, "ok");
    EXPECT_EQ(client.fetch({.url = "http://far.invalid/z"}).body, "ok");
    EXPECT_EQ(proxy.connections(), 1);
    options.proxies.http = Proxy::parse("127.0.0.1:" + std::to_string(test::closed_port()));
    Client nowhere(options);
    std::string sentence;
    EXPECT_EQ(code_of([&] { nowhere.fetch({.url = "http://far.invalid/"}); }, &sentence),
              Code::connect_failed);
    EXPECT_NE(sentence.find("proxy"), std::string::npos) << sentence;
  }
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0],
            "GET http://far.invalid/x?y HTTP/1.1\r\nHost: far.invalid\r\n"
            "Proxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST(Reuse, AClientThatWasNeverUsedGoesAway) {
  const Client client;
}

}  // namespace
}  // namespace crayon::transport
