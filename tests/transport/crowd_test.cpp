// A server among many clients, most of which mean no good: the others are served all the same.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"
#include "tests/support/support.h"
#include "tests/transport/sockets.h"
#include "transport/http_client.h"
#include "transport/http_server.h"

namespace crayon::transport {
namespace {

using std::chrono::milliseconds;
using test::RunningServer;
using test::Socket;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_ours = false;  // a sanitizer keeps what is freed
#else
constexpr bool memory_is_ours = true;
#endif

void expect_growth_below(std::uint64_t limit, std::uint64_t before) {
  if (memory_is_ours) {
    EXPECT_LT(peak_rss_bytes() - before, limit);
  }
}

void echo(const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
  responder->reply(200, "text/plain", request.body);
}

/// Replies to ten requests of a client of its own.
void expect_service(const RunningServer& server) {
  Client client;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(client.fetch({.method = "POST", .url = server.url(), .body = "hello"}).body, "hello");
  }
}

TEST(Crowd, AThousandIdleConnections) {
  constexpr std::size_t crowd = 1000;
  rlimit files = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_cur < 2 * crowd + 100) {
    GTEST_SKIP() << "too few file descriptors";
  }
  const RunningServer server(echo, {.max_connections = crowd + 8});
  expect_service(server);
  const std::uint64_t before = peak_rss_bytes();
  std::vector<Socket> idle;
  for (std::size_t i = 0; i < crowd; ++i) {
    idle.push_back(Socket::to(server.port()));
    if (i % 2 == 0) {  // half of them in the middle of a request
      idle.back().send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx");
    }
  }
  expect_service(server);
  expect_growth_below(std::uint64_t{32} * 1024 * 1024, before);
  // They are there, not dropped.
  idle.front().send(std::string(99, 'x'));
  EXPECT_TRUE(idle.front().receive_message().starts_with("HTTP/1.1 200 "));
  idle.back().send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(idle.back().receive_message().starts_with("HTTP/1.1 200 "));
}

TEST(Crowd, SlowSendersEndInTheTimeOfOneRequest) {
  const RunningServer server(echo, {.idle_seconds = 1});
  std::vector<Socket> slow;
  for (int i = 0; i < 40; ++i) {
    slow.push_back(Socket::to(server.port()));
    // Half send a header without end, half a body.
    slow.back().send(i % 2 == 0 ? "GET / HTTP/1.1\r\nX: "
                                : "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n");
  }
  std::atomic<bool> over = false;
  std::thread trickle([&] {
    while (!over) {
      for (const Socket& socket : slow) {
        socket.send("y");
      }
      std::this_thread::sleep_for(milliseconds(50));
    }
  });
  const auto elapsed = test::milliseconds_of([&] {
    expect_service(server);
    for (const Socket& socket : slow) {
      EXPECT_TRUE(socket.receive_until_end().starts_with("HTTP/1.1 408 "));
    }
  });
  over = true;
  trickle.join();
  EXPECT_LT(elapsed, 8000);
}

TEST(Crowd, AHugeBodyIsRefusedUnread) {
  constexpr std::size_t huge = std::size_t{64} * 1024 * 1024;
  const RunningServer server(echo);
  expect_service(server);
  const std::uint64_t before = peak_rss_bytes();
  const Socket announced = Socket::to(server.port());
  announced.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(huge) +
                 "\r\n\r\n");
  EXPECT_TRUE(announced.receive_until_end().starts_with("HTTP/1.1 413 "));
  expect_growth_below(std::uint64_t{2} * 1024 * 1024, before);

  // Unannounced, it is refused where it passes the limit of 8 MiB.
  const Socket chunked = Socket::to(server.port());
  std::thread sender([&] {
    const std::string piece = "10000\r\n" + std::string(65536, 'x') + "\r\n";
    chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t sent = 0; sent < huge && chunked.send(piece); sent += 65536) {
    }
  });
  EXPECT_TRUE(chunked.receive_until_end().starts_with("HTTP/1.1 413 "));
  sender.join();
  expect_growth_below(std::uint64_t{24} * 1024 * 1024, before);
  expect_service(server);
}

}  // namespace
}  // namespace crayon::transport
