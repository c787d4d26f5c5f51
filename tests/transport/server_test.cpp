// The server against clients that misbehave, over raw sockets.
#include "transport/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/support.h"
#include "tests/transport/sockets.h"

namespace crayon::transport {
namespace {

using test::code_of;
using test::RunningServer;
using test::Socket;

void echo(const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
  responder->reply(200, "text/plain", request.method + " " + request.target + " " + request.body);
}

/// The reply that echo gives on a connection that stays.
std::string echoed(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: keep-alive\r\n\r\n" + body;
}

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string post = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked =
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n"
    "\r\n";

/// Everything that the server says to `request` until it closes.
std::string answer_to(const RunningServer& server, const std::string& request) {
  const Socket socket = Socket::to(server.port());
  socket.send(request);
  return socket.receive_until_end();
}

/// The status line of that.
std::string status_for(const RunningServer& server, const std::string& request) {
  const std::string answer = answer_to(server, request);
  return answer.substr(0, answer.find("\r\n"));
}

TEST(Server, KeepsAConnectionAlive) {
  const RunningServer server(echo);
  const Socket socket = Socket::to(server.port());
  for (int i = 0; i < 20; ++i) {
    socket.send(get);
    EXPECT_EQ(socket.receive_message(), echoed("GET /a "));
    socket.send(post);
    EXPECT_EQ(socket.receive_message(), echoed("POST /b hello"));
    socket.send(chunked);
    EXPECT_EQ(socket.receive_message(), echoed("POST /c hello"));
  }
}

TEST(Server, ClosesWhenAsked) {
  const RunningServer server(echo);
  EXPECT_NE(answer_to(server, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                .find("Connection: close\r\n"),
            std::string::npos);
  EXPECT_NE(answer_to(server, "GET / HTTP/1.0\r\n\r\n").find("Connection: close\r\n"),
            std::string::npos);
}

TEST(Server, ReadsRequestsInAnyPieces) {
  const RunningServer server(echo);
  const Socket socket = Socket::to(server.port());
  for (const std::string& request : {post, chunked}) {
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
      socket.send(request.substr(0, cut));
      std::this_thread::yield();
      socket.send(request.substr(cut));
      EXPECT_TRUE(socket.receive_message().ends_with(" hello")) << cut;
    }
    socket.send_slowly(request);
    EXPECT_TRUE(socket.receive_message().ends_with(" hello"));
  }
}

TEST(Server, AnswersEarlyRequestsInTurn) {
  std::atomic<int> under_way = 0;
  std::vector<std::thread> workers;
  {
    const RunningServer server(
        [&](const ServerRequest& request, std::shared_ptr<Responder> responder) {
          EXPECT_EQ(++under_way, 1);
          workers.emplace_back([&, target = request.target, responder = std::move(responder)] {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            --under_way;
            responder->reply(200, "text/plain", target);
          });
        });
    const Socket socket = Socket::to(server.port());
    socket.send(get + post + chunked + get);
    for (const char* target : {"/a", "/b", "/c", "/a"}) {
      EXPECT_EQ(socket.receive_message(), echoed(target));
    }
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
}

TEST(Server, HoldsBackAPeerThatSendsFarAhead) {
  const RunningServer server(echo);
  const Socket socket = Socket::to(server.port());
  std::string many;
  for (int i = 0; i < 3'000; ++i) {
    many += get;
  }
  std::thread sender([&] { socket.send(many); });
  std::size_t read = 0;
  while (read < 3'000 * echoed("GET /a ").size()) {
    const std::size_t more = socket.receive().size();
    if (more == 0) {
      break;
    }
    read += more;
  }
  sender.join();
  EXPECT_EQ(read, 3'000 * echoed("GET /a ").size());
}

TEST(Server, ExpectContinue) {
  const RunningServer server(echo, {.limits = {.body_bytes = 100}});
  const Socket socket = Socket::to(server.port());
  const std::string head = "POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n";
  socket.send(head + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(socket.receive_message(), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("hello");
  EXPECT_EQ(socket.receive_message(), echoed("POST /e hello"));

  EXPECT_EQ(status_for(server, head + "Content-Length: 101\r\n\r\n"),
            "HTTP/1.1 413 Payload Too Large");
  EXPECT_EQ(status_for(server, "GET / HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\n\r\n"),
            "HTTP/1.1 417 Expectation Failed");
}

TEST(Server, RefusesWhatIsNoRequest) {
  const RunningServer server(echo);
  const std::string bad = "HTTP/1.1 400 Bad Request";
  EXPECT_EQ(status_for(server, "\x16\x03\x01\x02garbage\r\n\r\n"), bad);
  EXPECT_EQ(status_for(server, "GET / FTP/1.1\r\n\r\n"), bad);
  EXPECT_EQ(status_for(server, "GET / HTTP/1.1\r\n\r\n"), bad);  // no Host
  EXPECT_EQ(status_for(server, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), bad);
  EXPECT_EQ(status_for(server, "GET / HTTP/1.1\r\nHost: h\r\nA\x02: b\r\n\r\n"), bad);
  EXPECT_EQ(status_for(server, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n"), bad);
  EXPECT_EQ(status_for(server, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"), bad);
  EXPECT_EQ(status_for(server,
                       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615"
                       "\r\n\r\n"),
            bad);
  EXPECT_EQ(status_for(server, "GET / HTTP/3.0\r\nHost: h\r\n\r\n"),
            "HTTP/1.1 505 HTTP Version Not Supported");
}

TEST(Server, RefusesWhatTwoParsersWouldReadDifferently) {
  const RunningServer server(echo);
  const std::string bad = "HTTP/1.1 400 Bad Request";
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(
      status_for(server, head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      bad);
  EXPECT_EQ(status_for(server, head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), bad);
  EXPECT_EQ(status_for(server, head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
            bad);
  EXPECT_EQ(status_for(server, head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), bad);
}

TEST(Server, RefusesWhatIsTooLarge) {
  const RunningServer server(echo, {.limits = {.header_bytes = 1000, .body_bytes = 100}});
  const std::string too_much_header = "HTTP/1.1 431 Request Header Fields Too Large";
  const std::string too_much_body = "HTTP/1.1 413 Payload Too Large";
  EXPECT_EQ(status_for(server, "GET /" + std::string(2000, 'x')), too_much_header);
  EXPECT_EQ(status_for(server, "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(2000, 'x')),
            too_much_header);
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_for(server, head + "Content-Length: 101\r\n\r\n"), too_much_body);
  EXPECT_EQ(status_for(server, head + "Content-Length: 1000000000000000000\r\n\r\n"),
            too_much_body);
  EXPECT_EQ(
      status_for(server, head + "Transfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x')),
      too_much_body);
  EXPECT_EQ(status_for(server, head + "Connection: close\r\nContent-Length: 100\r\n\r\n" +
                                   std::string(100, 'x')),
            "HTTP/1.1 200 OK");
}

TEST(Server, AllThatComesInIsBounded) {
  const RunningServer server(echo, {.incoming_bytes = 150});
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n";
  const std::string whole = head + "Connection: close\r\n\r\n" + std::string(100, 'y');
  for (const bool leaves : {true, false}) {
    Socket first = Socket::to(server.port());
    first.send(head + "Expect: 100-continue\r\n\r\n");
    first.receive_message();
    first.send(std::string(99, 'x'));
    EXPECT_TRUE(test::eventually(
        [&] { return status_for(server, whole) == "HTTP/1.1 503 Service Unavailable"; }));
    if (leaves) {
      first.close();
    } else {
      first.send("x");
      EXPECT_TRUE(first.receive_message().starts_with("HTTP/1.1 200 OK"));
    }
    EXPECT_TRUE(test::eventually([&] { return status_for(server, whole) == "HTTP/1.1 200 OK"; }));
  }
}

TEST(Server, ARefusalReachesAPeerThatIsStillSending) {
  const RunningServer server(echo, {.limits = {.body_bytes = 100}});
  const Socket socket = Socket::to(server.port());
  socket.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n");
  for (int i = 0; i < 300; ++i) {
    socket.send(std::string(10'000, 'x'));
  }
  EXPECT_TRUE(socket.receive_until_end().starts_with("HTTP/1.1 413 "));
}

TEST(Server, SlowRequestsEnd) {
  const RunningServer server(echo, {.idle_seconds = 1});
  const Socket silent = Socket::to(server.port());
  const Socket slow = Socket::to(server.port());
  const Socket used = Socket::to(server.port());
  used.send(get);
  used.receive_message();
  std::atomic<bool> over = false;
  std::thread trickle([&] {
    slow.send("GET / HTTP/1.1\r\nX: ");
    while (!over) {
      slow.send("y");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  const auto elapsed = test::milliseconds_of([&] {
    EXPECT_EQ(silent.receive_until_end(), "");
    EXPECT_TRUE(slow.receive_until_end().starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(used.receive_until_end(), "");
  });
  over = true;
  trickle.join();
  EXPECT_GE(elapsed, 900);
  EXPECT_LT(elapsed, 5000);
}

TEST(Server, ManyConnections) {
  const RunningServer server(echo, {.max_connections = 128});
  std::vector<Socket> sockets;
  for (int i = 0; i < 128; ++i) {
    sockets.push_back(Socket::to(server.port()));
    sockets.back().send(post);
  }
  for (const Socket& socket : sockets) {
    EXPECT_EQ(socket.receive_message(), echoed("POST /b hello"));
  }
}

TEST(Server, OneConnectionTooManyIsToldSo) {
  const RunningServer server(echo, {.max_connections = 2});
  const auto connected = [&] {
    Socket socket = Socket::to(server.port());
    socket.send(get);
    return socket;
  };
  const Socket first = connected();
  Socket second = connected();
  first.receive_message();
  second.receive_message();
  EXPECT_TRUE(connected().receive_until_end().starts_with("HTTP/1.1 503 "));
  second.close();
  EXPECT_TRUE(
      test::eventually([&] { return connected().receive_message().starts_with("HTTP/1.1 200 "); }));
}

TEST(Server, AnswersAreWellFormed) {
  const RunningServer server(
      [](const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
        if (request.target == "/none") {
          responder->reply(204, "text/plain", "never sent");
        } else {
          responder->start(200, "text/plain");
          responder->write("hello");
          responder->write("");  // must not end the body
          responder->write(" you");
          responder->finish();
        }
      });
  const Socket socket = Socket::to(server.port());
  socket.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(socket.receive_message(), "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
  socket.send(get);
  EXPECT_EQ(socket.receive_until("0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"
            "Connection: keep-alive\r\n\r\n5\r\nhello\r\n4\r\n you\r\n0\r\n\r\n");
  socket.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" +
              std::string("GET /none HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_NE(socket.receive_message().find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_TRUE(socket.receive_message().starts_with("HTTP/1.1 204 "));  // no body came before
  EXPECT_EQ(answer_to(server, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nhello you");
}

TEST(Server, MisuseOfAResponderIsAnError) {
  std::atomic<int> refused = 0;
  const auto is_refused = [&](const auto& call) {
    refused += code_of(call) == Code::bad_argument ? 1 : 0;
  };
  const RunningServer server(
      [&](const ServerRequest&, const std::shared_ptr<Responder>& responder) {
        is_refused([&] { responder->write("x"); });
        is_refused([&] { responder->finish(); });
        is_refused([&] { responder->reply(200, "text/plain\r\nSet-Cookie: a=b", ""); });
        is_refused([&] { responder->start(200, "text/plain\nX: y"); });
        is_refused([&] { responder->reply(99, "text/plain", ""); });
        is_refused([&] { responder->reply(1000, "text/plain", ""); });
        is_refused([&] { responder->start(100, "text/plain"); });
        responder->reply(200, "text/plain", "ok");
        is_refused([&] { responder->reply(200, "text/plain", "again"); });
        is_refused([&] { responder->write("x"); });
      });
  const Socket socket = Socket::to(server.port());
  socket.send(get);
  EXPECT_EQ(socket.receive_message(), echoed("ok"));
  EXPECT_EQ(refused, 9);
}

TEST(Server, AHandlerThatFailsIsAnsweredFor) {
  const RunningServer server(
      [](const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
        if (request.target == "/late") {
          responder->start(200, "text/plain");
          responder->write("begun");
        }
        if (request.target != "/dropped") {
          throw std::runtime_error("secret");
        }
      });
  const Socket socket = Socket::to(server.port());
  socket.send(get);
  const std::string answer = socket.receive_message();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(answer.find("secret"), std::string::npos);
  EXPECT_EQ(answer_to(server, "GET /dropped HTTP/1.1\r\nHost: h\r\n\r\n"), "");
  // Broken off: the last chunk must not come.
  EXPECT_FALSE(answer_to(server, "GET /late HTTP/1.1\r\nHost: h\r\n\r\n").ends_with("0\r\n\r\n"));
  socket.send(get);  // the server lives
  EXPECT_TRUE(socket.receive_message().starts_with("HTTP/1.1 500 "));
}

TEST(Server, TwoServersCannotShareAPort) {
  const RunningServer server(echo);
  EXPECT_EQ(code_of([&] { HttpServer({.port = server.port()}, echo); }), Code::io);
}

TEST(Server, OptionsAreChecked) {
  EXPECT_EQ(code_of([] { HttpServer({.port = 0, .idle_seconds = 0}, echo); }), Code::bad_argument);
  EXPECT_EQ(code_of([] { HttpServer({.port = 0, .max_connections = 0}, echo); }),
            Code::bad_argument);
}

}  // namespace
}  // namespace crayon::transport
