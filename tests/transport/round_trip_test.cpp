// Our client against our server.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"
#include "tests/support/support.h"
#include "tests/transport/sockets.h"
#include "transport/chat_api.h"
#include "transport/http_client.h"
#include "transport/http_server.h"
#include "transport/sse.h"

namespace crayon::transport {
namespace {

using test::RunningServer;

/// Says back what it was asked.
void echo(const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
  responder->reply(200, "text/plain", request.method + " " + request.target + "\n" + request.body);
}

TEST(RoundTrip, GetAndPost) {
  const RunningServer server(echo);
  const ClientResponse got = fetch({.url = server.url("/a?b=c")});
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "GET /a?b=c\n");
  EXPECT_EQ(header(got.headers, "content-type"), "text/plain");
  const std::string body(300'000, 'x');
  EXPECT_EQ(fetch({.method = "POST", .url = server.url("/p"), .body = body}).body,
            "POST /p\n" + body);
}

TEST(RoundTrip, HeadHasTheHeadOnly) {
  const RunningServer server(echo);
  const ClientResponse head = fetch({.method = "HEAD", .url = server.url()});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(header(head.headers, "Content-Length"), "7");
  EXPECT_TRUE(head.body.empty());
}

TEST(RoundTrip, StreamFromAnotherThread) {
  std::thread worker;
  {
    const RunningServer server([&](const ServerRequest&, std::shared_ptr<Responder> responder) {
      worker = std::thread([responder = std::move(responder)] {
        responder->start(200, "text/event-stream");
        for (int i = 0; i < 100; ++i) {
          EXPECT_TRUE(responder->write(sse_event(std::to_string(i))));
        }
        responder->finish();
      });
    });
    std::vector<std::string> events;
    SseParser sse;
    const ClientResponse reply = fetch({.url = server.url()}, [&](std::string_view bytes) {
      return sse.push(bytes, [&](std::string_view data) {
        events.emplace_back(data);
        return true;
      });
    });
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.body.empty());
    ASSERT_EQ(events.size(), 100u);
    EXPECT_EQ(events.back(), "99");
  }
  worker.join();
}

TEST(RoundTrip, ErrorStatusIsNotAnErrorAndItsBodyIsKept) {
  const RunningServer server([](const ServerRequest&, const std::shared_ptr<Responder>& responder) {
    responder->reply(503, "application/json", error_json("later", "unavailable_error", "503"));
  });
  const ClientResponse reply = fetch({.url = server.url()}, [](std::string_view) {
    ADD_FAILURE() << "the body of an error is not the answer's";
    return true;
  });
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, R"({"error":{"message":"later","type":"unavailable_error","code":"503"}})");
}

TEST(RoundTrip, ByName) {
  const RunningServer server(echo);
  // Where localhost is ::1 first, that is refused, and the second address answers.
  const std::string url = "http://localhost:" + std::to_string(server.port()) + "/";
  EXPECT_EQ(fetch({.url = url}).body, "GET /\n");
}

TEST(RoundTrip, OverIPv6) {
  std::unique_ptr<HttpServer> server;
  try {
    server = std::make_unique<HttpServer>(ServerOptions{.host = "::1", .port = 0}, echo);
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  std::thread loop([&] { server->run(); });
  const std::string url = "http://[::1]:" + std::to_string(server->port()) + "/six";
  EXPECT_EQ(fetch({.url = url}).body, "GET /six\n");
  server->stop();
  loop.join();
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_ours = false;  // a sanitizer keeps what is freed
#else
constexpr bool memory_is_ours = true;
#endif

/// Of one client: a thread for each would be the emulator's memory as well.
TEST(RoundTrip, ThousandRequestsInFlatMemory) {
  const RunningServer server(echo);
  Client client({.idle_connections = 0});
  const auto ask = [&](int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(
          client.fetch({.method = "POST", .url = server.url(), .body = std::string(10'000, 'y')})
              .body.size(),
          10'007u);
    }
  };
  ask(100);
  const std::uint64_t before = peak_rss_bytes();
  ask(1000);
  if (memory_is_ours) {
    // An emulator's own memory counts, and may come as a huge page of 2 MiB; the bodies were 10 MB.
    EXPECT_LE(peak_rss_bytes() - before, 4u << 20);
  }
}

}  // namespace
}  // namespace crayon::transport
