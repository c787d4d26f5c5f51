// Replies in pieces, from other threads, to peers that are slow or leave; and the server's end.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "tests/support/support.h"
#include "tests/transport/sockets.h"
#include "transport/http_client.h"
#include "transport/http_server.h"

namespace crayon::transport {
namespace {

using std::chrono::milliseconds;
using test::RunningServer;
using test::Socket;

constexpr std::size_t piece_bytes = 65536;
const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// Takes the responders of requests out of the loop.
class Desk {
 public:
  Handler handler() {
    return [this](const ServerRequest&, std::shared_ptr<Responder> responder) {
      responder_.set_value(std::move(responder));
    };
  }
  /// Waits for the one request.
  std::shared_ptr<Responder> take() { return responder_.get_future().get(); }

 private:
  std::promise<std::shared_ptr<Responder>> responder_;
};

/// Writes until the peer has gone; bytes that were taken.
std::size_t write_until_gone(Responder& responder, std::atomic<std::size_t>& taken) {
  const std::string piece(piece_bytes, 'x');
  while (responder.write(piece)) {
    taken += piece.size();
  }
  return taken;
}

/// The value of `counter` once it has ceased to grow.
std::size_t settled(const std::atomic<std::size_t>& counter) {
  std::size_t before = 0;
  EXPECT_TRUE(test::eventually([&] {
    std::this_thread::sleep_for(milliseconds(60));
    const std::size_t now = counter;
    return std::exchange(before, now) == now && now > 0;
  }));
  return before;
}

TEST(Streaming, APeerThatLeavesIsNoticed) {
  for (const bool with_reset : {false, true}) {
    Desk desk;
    const RunningServer server(desk.handler());
    Socket socket = Socket::to(server.port());
    socket.send(get);
    const auto responder = desk.take();
    responder->start(200, "text/plain");
    EXPECT_TRUE(responder->write("hello"));
    socket.receive_until("hello\r\n");
    EXPECT_FALSE(responder->gone());
    with_reset ? socket.reset() : socket.close();
    EXPECT_TRUE(test::eventually([&] { return responder->gone(); }));
    EXPECT_FALSE(responder->write("more"));
    responder->finish();
  }
}

TEST(Streaming, APeerThatLeavesBeforeTheReplyIsNoticed) {
  Desk desk;
  const RunningServer server(desk.handler());
  Socket socket = Socket::to(server.port());
  socket.send(get);
  const auto responder = desk.take();
  socket.close();
  EXPECT_TRUE(test::eventually([&] { return responder->gone(); }));
  responder->reply(200, "text/plain", "dropped");
}

TEST(Streaming, ASlowPeerHoldsTheWriterBack) {
  Desk desk;
  const RunningServer server(desk.handler());
  Socket socket = Socket::to(server.port());
  socket.send(get);
  const auto responder = desk.take();
  responder->start(200, "text/plain");
  std::atomic<std::size_t> taken = 0;
  std::thread writer([&] { write_until_gone(*responder, taken); });
  // The kernel's buffers fill, then ours; then nothing moves.
  const std::size_t before = settled(taken);
  EXPECT_LT(taken, 64u * 1024 * 1024);
  // Whoever reads gets it moving again.
  for (std::size_t read = 0; read < before; read += 65536) {
    ASSERT_FALSE(socket.receive().empty());
  }
  EXPECT_TRUE(test::eventually([&] { return taken > before; }));
  socket.close();
  writer.join();
  EXPECT_TRUE(responder->gone());
}

TEST(Streaming, APeerThatTakesNothingIsDropped) {
  Desk desk;
  const RunningServer server(desk.handler(), {.idle_seconds = 1});
  const Socket socket = Socket::to(server.port());
  socket.send(get);
  const auto responder = desk.take();
  responder->start(200, "text/plain");
  std::atomic<std::size_t> taken = 0;
  EXPECT_LT(test::milliseconds_of([&] { write_until_gone(*responder, taken); }), 8000);
}

TEST(Streaming, APeerFarAheadStaysBoundedFromRequestToRequest) {
  std::mutex mutex;
  std::deque<std::shared_ptr<Responder>> asked;
  const auto ask = [&](const ServerRequest&, std::shared_ptr<Responder> responder) {
    const std::lock_guard lock(mutex);
    asked.push_back(std::move(responder));
  };
  const RunningServer server(ask, {.grace = milliseconds(0)});
  const Socket socket = Socket::to(server.port());
  std::atomic<std::size_t> sent = 0;
  std::thread sender([&] {
    std::string many;
    for (int i = 0; i < 1000; ++i) {
      many += get;
    }
    while (socket.send(many)) {
      sent += many.size();
    }
  });
  const std::size_t before = settled(sent);
  for (int i = 0; i < 100; ++i) {
    std::shared_ptr<Responder> next;
    EXPECT_TRUE(test::eventually([&] {
      const std::lock_guard lock(mutex);
      if (!asked.empty()) {
        next = std::move(asked.front());
        asked.pop_front();
      }
      return next != nullptr;
    }));
    next->reply(200, "text/plain", "");
  }
  // A hundred small requests were taken, so about as much may follow; not a buffer for each.
  EXPECT_LT(settled(sent) - before, 1024u * 1024u);
  socket.end_sending();
  sender.join();
}

TEST(Streaming, AReplyThatTakesLongToMakeIsNotIdle) {
  Desk desk;
  const RunningServer server(desk.handler(), {.idle_seconds = 1});
  const Socket socket = Socket::to(server.port());
  socket.send(get);
  const auto responder = desk.take();
  std::this_thread::sleep_for(milliseconds(1200));
  responder->reply(200, "text/plain", "at last");
  EXPECT_TRUE(socket.receive_message().ends_with("at last"));
}

TEST(Streaming, TheLoopsOwnThreadNeverWaits) {
  constexpr std::size_t size = 64 * piece_bytes;
  const RunningServer server([](const ServerRequest&, const std::shared_ptr<Responder>& responder) {
    responder->start(200, "text/plain");
    for (std::size_t sent = 0; sent < size; sent += piece_bytes) {
      EXPECT_TRUE(responder->write(std::string(piece_bytes, 'x')));
    }
    responder->finish();
  });
  EXPECT_EQ(fetch({.url = server.url()}).body.size(), size);
}

TEST(Streaming, ManyWritersAtOnce) {
  std::atomic<int> open = 0;
  const RunningServer server([&](const ServerRequest&, std::shared_ptr<Responder> responder) {
    ++open;
    std::thread([&, responder = std::move(responder)]() mutable {
      responder->start(200, "text/plain");
      for (int i = 0; i < 50; ++i) {
        responder->write(std::string(1000, 'x'));
      }
      responder->finish();
      responder.reset();
      --open;
    }).detach();
  });
  std::vector<std::thread> clients;
  clients.reserve(8);
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int j = 0; j < 5; ++j) {
        EXPECT_EQ(fetch({.url = server.url()}).body.size(), 50'000u);
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_TRUE(test::eventually([&] { return open == 0; }));
}

TEST(Stopping, AnIdleServerStopsAtOnce) {
  RunningServer server([](const ServerRequest&, const std::shared_ptr<Responder>&) {});
  const Socket idle = Socket::to(server.port());
  idle.send("GET / HT");
  EXPECT_LT(test::milliseconds_of([&] { server.stop(); }), 3000);
  EXPECT_EQ(idle.receive_until_end(), "");
}

TEST(Stopping, BeforeRunIsRemembered) {
  HttpServer server({.port = 0}, [](const ServerRequest&, const std::shared_ptr<Responder>&) {});
  server.stop();
  server.run();
}

TEST(Stopping, AServerThatNeverRanGoesAway) {
  const HttpServer server({.port = 0},
                          [](const ServerRequest&, const std::shared_ptr<Responder>&) {});
  EXPECT_NE(server.port(), 0);
}

TEST(Stopping, ARequestUnderWayIsFinished) {
  Desk desk;
  RunningServer server(desk.handler());
  Socket socket = Socket::to(server.port());
  socket.send(get);
  const auto responder = desk.take();
  responder->start(200, "text/plain");
  responder->write("first");
  socket.receive_until("first\r\n");
  std::thread stopper([&] { server.stop(); });
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_TRUE(responder->write("second"));
  responder->finish();
  EXPECT_TRUE(socket.receive_until_end().ends_with("second\r\n0\r\n\r\n"));
  socket.close();
  stopper.join();
}

TEST(Stopping, GraceEnds) {
  Desk desk;
  auto server =
      std::make_unique<RunningServer>(desk.handler(), ServerOptions{.grace = milliseconds(100)});
  const Socket socket = Socket::to(server->port());
  socket.send(get);
  const auto responder = desk.take();
  responder->start(200, "text/plain");
  EXPECT_LT(test::milliseconds_of([&] { server->stop(); }), 3000);
  EXPECT_TRUE(responder->gone());
  server.reset();
  EXPECT_FALSE(responder->write("to nobody"));  // outlives the server
  responder->finish();
}

TEST(Stopping, AWriterThatWaitsIsLetGo) {
  Desk desk;
  RunningServer server(desk.handler(), {.grace = milliseconds(100)});
  const Socket socket = Socket::to(server.port());
  socket.send(get);
  const auto responder = desk.take();
  responder->start(200, "text/plain");
  std::atomic<std::size_t> taken = 0;
  std::thread writer([&] { write_until_gone(*responder, taken); });
  std::this_thread::sleep_for(milliseconds(50));
  server.stop();
  writer.join();
}

TEST(Stopping, OnSignals) {
  for (const int number : {SIGINT, SIGTERM}) {
    HttpServer server({.port = 0}, [](const ServerRequest&, const std::shared_ptr<Responder>&) {});
    server.stop_on_signals();
    std::thread loop([&] { server.run(); });
    std::raise(number);
    loop.join();
  }
}

}  // namespace
}  // namespace crayon::transport
