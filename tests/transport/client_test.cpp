// The client against peers that misbehave.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/support.h"
#include "tests/transport/sockets.h"
#include "transport/http_client.h"

namespace crayon::transport {
namespace {

using std::chrono::milliseconds;
using test::code_of;
using test::milliseconds_of;
using test::Peer;
using test::Socket;

/// What a machine under load may add to a deadline.
constexpr std::int64_t tolerance_ms = 1500;

const std::string with_length =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
const std::string in_chunks =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: "
    "u\r\n\r\n";

Peer::Script reply_with(std::string bytes) {
  return [bytes = std::move(bytes)](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send(bytes);
  };
}

/// Sends `bytes`, then nothing, until the client leaves.
Peer::Script stall_after(std::string bytes) {
  return [bytes = std::move(bytes)](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send(bytes);
    socket.receive_until_end();
  };
}

Code code_for(const std::string& reply, const Limits& limits = {}) {
  const Peer peer(reply_with(reply));
  return code_of([&] { fetch({.url = peer.url(), .limits = limits}); });
}

TEST(Client, ReadsAReplyInAnyPieces) {
  for (const std::string& reply : {with_length, in_chunks}) {
    const Peer peer([&](Socket& socket) {
      socket.receive_until("\r\n\r\n");
      socket.send_slowly(reply);
    });
    const ClientResponse response = fetch({.url = peer.url()});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(header(response.headers, "T"), "");  // a trailer is not a header
  }
}

TEST(Client, SendsWhatItWasGiven) {
  std::string seen;
  {
    const Peer peer([&](Socket& socket) {
      seen = socket.receive_message();
      socket.send(with_length);
    });
    fetch({.method = "POST",
           .url = peer.url("/v1?x=1"),
           .headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer k"}},
           .body = "{}"});
    EXPECT_EQ(seen, "POST /v1?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer.port()) +
                        "\r\nConnection: close\r\nContent-Type: application/json\r\n"
                        "Authorization: Bearer k\r\nContent-Length: 2\r\n\r\n{}");
  }
}

TEST(Client, RefusesWhatItCannotSend) {
  const auto refused = [](ClientRequest request) {
    return code_of([&] { fetch(request); }) == Code::bad_argument;
  };
  const std::string url = "http://127.0.0.1:1/";
  EXPECT_TRUE(refused({.method = "GET /x HTTP/1.1\r\n", .url = url}));
  EXPECT_TRUE(refused({.method = "", .url = url}));
  EXPECT_TRUE(refused({.url = url, .headers = {{"A", "b\r\nC: d"}}}));
  EXPECT_TRUE(refused({.url = url, .headers = {{"A: b", "c"}}}));
  EXPECT_TRUE(refused({.url = url, .headers = {{"", "c"}}}));
  EXPECT_TRUE(refused({.url = url, .headers = {{"content-length", "7"}}}));
  EXPECT_TRUE(refused({.url = "ftp://127.0.0.1/"}));
}

TEST(Client, ConnectionRefused) {
  std::string sentence;
  const std::string url = "http://127.0.0.1:" + std::to_string(test::closed_port()) + "/";
  EXPECT_EQ(code_of([&] { fetch({.url = url}); }, &sentence), Code::connect_failed);
  EXPECT_NE(sentence.find("connection refused"), std::string::npos) << sentence;
}

TEST(Client, UnknownNameEndsByTheDeadline) {
  const auto elapsed = milliseconds_of([] {
    const Code code = code_of(
        [] { fetch({.url = "http://no-such-host.invalid/", .deadline = milliseconds(300)}); });
    EXPECT_TRUE(code == Code::resolve_failed || code == Code::timed_out) << code_name(code);
  });
  EXPECT_LT(elapsed, 300 + tolerance_ms);
}

TEST(Client, SilenceEndsAtTheDeadline) {
  for (const std::string& before :
       {std::string(), with_length.substr(0, 20), in_chunks.substr(0, 60)}) {
    const Peer peer(stall_after(before));
    const auto elapsed = milliseconds_of([&] {
      EXPECT_EQ(code_of([&] { fetch({.url = peer.url(), .deadline = milliseconds(150)}); }),
                Code::timed_out);
    });
    EXPECT_GE(elapsed, 145);
    EXPECT_LT(elapsed, 150 + tolerance_ms);
  }
}

TEST(Client, TricklingBytesDoNotMoveTheDeadline) {
  const Peer peer([](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nX: ");
    while (socket.send("y")) {
      std::this_thread::sleep_for(milliseconds(10));
    }
  });
  const auto elapsed = milliseconds_of([&] {
    EXPECT_EQ(code_of([&] { fetch({.url = peer.url(), .deadline = milliseconds(200)}); }),
              Code::timed_out);
  });
  EXPECT_LT(elapsed, 200 + tolerance_ms);
}

TEST(Client, DeadlineOfNothingIsOver) {
  EXPECT_EQ(code_of([] { fetch({.url = "http://127.0.0.1:1/", .deadline = milliseconds(0)}); }),
            Code::timed_out);
  EXPECT_EQ(code_of([] { fetch({.url = "http://127.0.0.1:1/", .deadline = milliseconds::min()}); }),
            Code::timed_out);
}

TEST(Client, LongestDeadlineIsADeadline) {
  const Peer peer(reply_with(with_length));
  EXPECT_EQ(fetch({.url = peer.url(), .deadline = milliseconds::max()}).body, "hello");
}

TEST(Client, AReplyCutAtAnyByteIsLost) {
  for (const std::string& reply : {with_length, in_chunks}) {
    for (const bool with_reset : {false, true}) {
      std::atomic<std::size_t> cut = 0;
      const Peer peer([&](Socket& socket) {
        socket.receive_until("\r\n\r\n");
        socket.send(reply.substr(0, cut));
        if (with_reset) {
          socket.reset();
        }
      });
      for (cut = 0; cut < reply.size(); ++cut) {
        EXPECT_EQ(code_of([&] { fetch({.url = peer.url()}); }), Code::connection_lost)
            << cut << " bytes, " << (with_reset ? "reset" : "closed");
      }
    }
  }
}

TEST(Client, GarbageIsAProtocolError) {
  EXPECT_EQ(code_for("SSH-2.0-OpenSSH_9.2\r\n"), Code::protocol);
  EXPECT_EQ(code_for(std::string(1000, '\0')), Code::protocol);
  EXPECT_EQ(code_for("HTTP/1.1 xyz OK\r\n\r\n"), Code::protocol);
  EXPECT_EQ(code_for("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"), Code::protocol);
  EXPECT_EQ(
      code_for("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
      Code::protocol);
  EXPECT_EQ(code_for("HTTP/1.1 200 OK\r\nA\x01: b\r\n\r\n"), Code::protocol);
  EXPECT_EQ(code_for("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello"), Code::protocol);
}

TEST(Client, WrongLengths) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(code_for(head + "Content-Length: 6\r\n\r\nhello"), Code::connection_lost);
  EXPECT_EQ(code_for(head + "Content-Length: -1\r\n\r\nhello"), Code::protocol);
  EXPECT_EQ(code_for(head + "Content-Length: 5, 5\r\n\r\nhello"), Code::protocol);
  EXPECT_EQ(code_for(head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
            Code::protocol);
  EXPECT_EQ(code_for(head + "Content-Length: 99999999999999999999999\r\n\r\n"), Code::protocol);
  EXPECT_EQ(code_for(head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            Code::protocol);
  EXPECT_EQ(code_for(head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), Code::protocol);
  EXPECT_EQ(code_for(head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
            Code::protocol);
  // What follows a complete reply is nobody's.
  const Peer peer(reply_with(with_length + "more"));
  EXPECT_EQ(fetch({.url = peer.url()}).body, "hello");
}

TEST(Client, LimitsOnTheHeader) {
  const Limits limits{.header_bytes = 1000, .body_bytes = 1000};
  const std::string head = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(code_for(head + "A: " + std::string(2000, 'b') + "\r\n\r\n", limits), Code::over_limit);
  std::string many = head;
  for (int i = 0; i < 300; ++i) {
    many += "a:\r\n";
  }
  EXPECT_EQ(code_for(many + "\r\n", limits), Code::over_limit);
  EXPECT_EQ(code_for("HTTP/1.1 200 " + std::string(2000, 'r') + "\r\n\r\n", limits),
            Code::over_limit);
  EXPECT_EQ(code_for(head + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + std::string(2000, 'u'),
                     limits),
            Code::over_limit);
  EXPECT_EQ(code_for(head + "A: " + std::string(200'000, 'b'), {.header_bytes = 1'000'000}),
            Code::over_limit);
}

TEST(Client, LimitsOnTheBody) {
  const Limits limits{.header_bytes = 1000, .body_bytes = 1000};
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const std::string body(1001, 'b');
  EXPECT_EQ(code_for(head + "Content-Length: 1001\r\n\r\n", limits), Code::over_limit);
  EXPECT_EQ(code_for(head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + body, limits),
            Code::over_limit);
  EXPECT_EQ(code_for(head + "\r\n" + body, limits), Code::over_limit);
  const Peer peer(reply_with(head + "\r\n" + body.substr(1)));
  EXPECT_EQ(fetch({.url = peer.url(), .limits = limits}).body.size(), 1000u);
}

TEST(Client, InterimRepliesArePassedOver) {
  const Peer peer(reply_with(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + with_length));
  const ClientResponse response = fetch({.url = peer.url()});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response.headers, "A"), "");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(code_for("HTTP/1.1 100 Continue\r\n\r\n"), Code::connection_lost);
}

TEST(Client, CancelledByAnotherThread) {
  const Peer peer(stall_after(""));
  std::atomic<bool> cancelled = false;
  std::chrono::steady_clock::time_point when;
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(60));
    when = std::chrono::steady_clock::now();
    cancelled = true;
  });
  EXPECT_EQ(code_of([&] { fetch({.url = peer.url(), .cancelled = &cancelled}); }), Code::cancelled);
  const auto end = std::chrono::steady_clock::now();
  other.join();
  EXPECT_LT(end - when, milliseconds(50 + tolerance_ms));
  EXPECT_EQ(code_of([&] { fetch({.url = peer.url(), .cancelled = &cancelled}); }), Code::cancelled);
}

TEST(Client, TheCallerStopsAStream) {
  const Peer peer([](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (socket.send("5\r\nhello\r\n")) {
    }
  });
  int pieces = 0;
  const ClientResponse response =
      fetch({.url = peer.url()}, [&](std::string_view) { return ++pieces < 3; });
  EXPECT_EQ(pieces, 3);
  EXPECT_EQ(response.status, 200);
}

TEST(Client, WhatTheCallerThrowsArrives) {
  const Peer peer(reply_with(with_length));
  EXPECT_THROW(
      fetch({.url = peer.url()}, [](std::string_view) -> bool { throw std::logic_error("mine"); }),
      std::logic_error);
}

TEST(Client, APeerThatClosesWhileWeSendDoesNotKillTheProcess) {
  const Peer peer([](Socket& socket) {
    socket.receive(1);
    socket.reset();
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(code_of([&] {
                fetch({.method = "POST", .url = peer.url(), .body = std::string(4'000'000, 'x')});
              }),
              Code::connection_lost);
  }
}

TEST(Client, ARefusalBeforeTheWholeRequestIsHeard) {
  const Peer peer([](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig");
    socket.receive_until_end();
  });
  const ClientResponse response =
      fetch({.method = "POST", .url = peer.url(), .body = std::string(8'000'000, 'x')});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "big");
}

TEST(Client, AnAddressThatNeverAnswersTimesOut) {
  const test::SilentAddress silent;
  const std::string url = "http://127.0.0.1:" + std::to_string(silent.port()) + "/";
  EXPECT_EQ(code_of([&] { fetch({.url = url, .deadline = milliseconds(200)}); }), Code::timed_out);
}

}  // namespace
}  // namespace crayon::transport
