// What can go wrong with a server, each row with the outcome that is promised; and after each, the
// same client gets the next reply, from a server that is well.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/support.h"
#include "tests/transport/sockets.h"
#include "transport/http_client.h"
#include "transport/sse.h"

namespace crayon::transport {
namespace {

using std::chrono::milliseconds;
using test::code_of;
using test::Peer;
using test::Socket;

constexpr std::int64_t tolerance_ms = 2000;  // what a machine under load may add

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A streamed answer as a language model's server sends it.
std::string chunk(const std::string& text) {
  return std::to_string(text.size()) + "\r\n" + text + "\r\n";  // of fewer than 10 bytes
}
const std::string streamed_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string streamed_body = "data: a\n\ndata: b\n\n";
const std::string streamed = streamed_head + chunk("data: a") + chunk("\n\n") + chunk("data: b") +
                             chunk("\n\n") + "0\r\n\r\n";

/// A server that is well, to ask after each fault.
class Well {
 public:
  Well()
      : peer_([](Socket& socket) {
          while (!socket.receive_until("\r\n\r\n").empty() && socket.send(ok)) {
          }
        }) {}
  void expect_reply(Client& client) const {
    EXPECT_EQ(client.fetch({.url = peer_.url()}).body, "ok");
  }

 private:
  Peer peer_;
};

/// What came of one streamed request.
struct Outcome {
  Code code{};  // of the error, if `failed`
  bool failed = false;
  std::string body;
};

Outcome ask(Client& client, const std::string& url, milliseconds deadline = milliseconds(8000)) {
  Outcome outcome;
  try {
    client.fetch({.url = url, .deadline = deadline}, [&](std::string_view bytes) {
      outcome.body.append(bytes);
      return true;
    });
  } catch (const Error& error) {
    outcome.failed = true;
    outcome.code = error.code();
  }
  return outcome;
}

/// Ends, or resets, at each byte of the streamed reply; on a connection's first exchange or, with
/// `after_another`, on its second.
void cut_at_every_byte(bool with_reset, bool after_another) {
  std::atomic<std::size_t> cut = 0;
  const Peer peer([&](Socket& socket) {
    if (after_another) {
      socket.receive_until("\r\n\r\n");
      socket.send(ok);
    }
    socket.receive_until("\r\n\r\n");
    socket.send(streamed.substr(0, cut));
    if (with_reset) {
      socket.reset();
    }
  });
  Client client;
  // At no byte at all, a connection that was used before is replaced, which is another test's.
  for (cut = after_another ? 1 : 0; cut < streamed.size(); ++cut) {
    if (after_another) {
      ASSERT_EQ(client.fetch({.url = peer.url()}).body, "ok");
    }
    const Outcome outcome = ask(client, peer.url());
    ASSERT_TRUE(outcome.failed) << cut;
    ASSERT_EQ(outcome.code, Code::connection_lost) << cut;
    ASSERT_TRUE(streamed_body.starts_with(outcome.body)) << cut;
    if (!with_reset) {  // a reset may take with it what has not been read
      const std::size_t chunks_in = cut < streamed_head.size() ? 0 : cut - streamed_head.size();
      ASSERT_LE(outcome.body.size(), chunks_in);
    }
  }
  EXPECT_EQ(cut, streamed.size());
}

TEST(Fault, ClosedAtEveryByte) {
  cut_at_every_byte(false, false);
}

TEST(Fault, ResetAtEveryByte) {
  cut_at_every_byte(true, false);
}

TEST(Fault, ClosedAtEveryByteOfASecondReply) {
  cut_at_every_byte(false, true);
}

TEST(Fault, ResetAtEveryByteOfASecondReply) {
  cut_at_every_byte(true, true);
}

/// A server that answers with `reply`, then does what `after` says.
Peer::Script reply_then(const std::string& reply, std::function<void(Socket&)> after = {}) {
  return [reply, after](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send(reply);
    if (after) {
      after(socket);
    }
  };
}

void say_nothing_more(Socket& socket) {
  socket.receive_until_end();
}

/// One row: what a server does, and what comes of it.
struct Fault {
  const char* name;
  Peer::Script script;
  Code promised;
};

std::vector<Fault> faults() {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  return {
      {"closes at once", [](Socket&) {}, Code::connection_lost},
      {"resets once it is asked", reply_then("", [](Socket& socket) { socket.reset(); }),
       Code::connection_lost},
      {"says nothing", reply_then("", say_nothing_more), Code::timed_out},
      {"says nothing after the head", reply_then(streamed_head, say_nothing_more), Code::timed_out},
      {"says nothing in mid-stream", reply_then(streamed.substr(0, 100), say_nothing_more),
       Code::timed_out},
      {"sends a byte at a time, without end",
       reply_then(streamed_head,
                  [](Socket& socket) {
                    while (socket.send("1\r\nx\r\n")) {
                      std::this_thread::sleep_for(milliseconds(20));
                    }
                  }),
       Code::timed_out},
      {"sends a huge header", reply_then(head + "A: " + std::string(100'000, 'b')),
       Code::over_limit},
      {"sends a huge body", reply_then(head + "\r\n" + std::string(9'000'000, 'b')),
       Code::over_limit},
      {"announces a huge body", reply_then(head + "Content-Length: 9000000\r\n\r\n"),
       Code::over_limit},
      {"announces more than it sends", reply_then(head + "Content-Length: 3\r\n\r\nok"),
       Code::connection_lost},
      {"announces two lengths",
       reply_then(head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!"), Code::protocol},
      {"announces a length and chunks",
       reply_then(head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
       Code::protocol},
      {"sends a chunk with a broken length", reply_then(streamed_head + "zz\r\n"), Code::protocol},
      {"sends garbage", reply_then(std::string("\0\x01\xff\r\n\r\n", 7)), Code::protocol},
      {"speaks HTTP/2", reply_then("HTTP/2.0 200 OK\r\n\r\n"), Code::protocol},
      {"switches protocols", reply_then("HTTP/1.1 101 X\r\nUpgrade: y\r\n\r\n"), Code::protocol},
  };
}

TEST(Fault, EachHasItsOutcomeAndTheNextRequestWorks) {
  const Well well;
  Client client;
  for (const Fault& fault : faults()) {
    SCOPED_TRACE(fault.name);
    const Peer peer(fault.script);
    const milliseconds deadline(fault.promised == Code::timed_out ? 150 : 8000);
    Outcome outcome;
    const auto elapsed =
        test::milliseconds_of([&] { outcome = ask(client, peer.url(), deadline); });
    EXPECT_TRUE(outcome.failed);
    EXPECT_EQ(outcome.code, fault.promised) << code_name(outcome.code);
    EXPECT_LT(elapsed, deadline.count() + tolerance_ms);
    well.expect_reply(client);
  }
}

TEST(Fault, NoServer) {
  const Well well;
  Client client;
  for (int i = 0; i < 3; ++i) {
    const std::string url = "http://127.0.0.1:" + std::to_string(test::closed_port()) + "/";
    EXPECT_EQ(ask(client, url).code, Code::connect_failed);
    well.expect_reply(client);
  }
}

TEST(Fault, NoSuchName) {
  const Well well;
  Client client;
  // Where there is no name server at all, the look-up may outlast the deadline.
  const Code code = ask(client, "http://no-such-host.invalid/", milliseconds(1000)).code;
  EXPECT_TRUE(code == Code::resolve_failed || code == Code::timed_out) << code_name(code);
  const Code too_long = ask(client, "http://" + std::string(300, 'a') + "/").code;
  EXPECT_EQ(too_long, Code::resolve_failed) << code_name(too_long);
  well.expect_reply(client);
}

/// The peer's machine is gone without a word: nothing comes, and nothing is taken.
TEST(Fault, AHalfOpenConnectionEndsAtTheDeadlineAndIsNotUsedAgain) {
  std::atomic<bool> given_up = false;
  const Peer peer([&](Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send(ok);
    EXPECT_TRUE(test::eventually([&] { return given_up.load(); }));  // neither reads nor ends
  });
  Client client;
  EXPECT_EQ(client.fetch({.url = peer.url()}).body, "ok");
  ClientRequest large{.method = "POST", .url = peer.url(), .body = std::string(8'000'000, 'x')};
  large.deadline = milliseconds(200);
  EXPECT_EQ(code_of([&] { client.fetch(large); }), Code::timed_out);
  given_up = true;
  EXPECT_EQ(client.fetch({.url = peer.url()}).body, "ok");
  EXPECT_EQ(peer.connections(), 2);
}

TEST(Fault, AClientMayGoWhileAnOldLookUpStillHangs) {
  Client client;
  ask(client, "http://no-such-host.invalid/", milliseconds(1));
}

}  // namespace
}  // namespace crayon::transport
