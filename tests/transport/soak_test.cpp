// The same thing many times over, in flat memory. CRAYON_HEAVY=1 runs as often as is promised;
// else, as in an emulator and under sanitizers, a fiftieth of it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/support.h"
#include "tests/transport/sockets.h"
#include "transport/http_client.h"
#include "transport/http_server.h"

namespace crayon::transport {
namespace {

using test::RunningServer;

bool is_heavy() {
  const char* heavy = std::getenv("CRAYON_HEAVY");
  return heavy != nullptr && std::string_view(heavy) == "1";
}

/// Of `promised` rounds, those that are run here.
int rounds(int promised) {
  return is_heavy() ? promised : promised / 50;
}

/// Bytes of this process that are in memory now.
std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  file >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// Runs `action` so many times, after a tenth of it to warm up, and looks at the memory.
template <typename Action>
void expect_flat(int times, const Action& action) {
  for (int i = 0; i < times / 10; ++i) {
    action();
  }
  const std::int64_t before = resident_bytes();
  ASSERT_GT(before, 0);
  for (int i = 0; i < times && !testing::Test::HasFailure(); ++i) {
    action();
  }
  const std::int64_t growth = resident_bytes() - before;
  testing::Test::RecordProperty("growth_bytes", std::to_string(growth));
  if (is_heavy()) {  // elsewhere memory is not ours alone: a sanitizer keeps what is freed
    EXPECT_LE(growth, 1024 * 1024);
  }
}

void echo(const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
  responder->reply(200, "text/plain", request.body);
}

TEST(Soak, RequestsOnOneConnection) {
  const RunningServer server(echo);
  Client client;
  const ClientRequest request{
      .method = "POST", .url = server.url(), .body = std::string(2000, 'x')};
  expect_flat(rounds(100'000), [&] { ASSERT_EQ(client.fetch(request).body.size(), 2000u); });
}

TEST(Soak, ConnectionsOneAfterAnother) {
  const RunningServer server(echo);
  Client client({.idle_connections = 0});
  const ClientRequest request{.method = "POST", .url = server.url(), .body = "hello"};
  expect_flat(rounds(10'000), [&] { ASSERT_EQ(client.fetch(request).body, "hello"); });
}

TEST(Soak, ConnectionsThatFail) {
  const test::Peer peer([](test::Socket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    socket.reset();
  });
  Client client;
  expect_flat(rounds(2'000), [&] {
    ASSERT_EQ(test::code_of([&] { client.fetch({.url = peer.url()}); }), Code::connection_lost);
  });
}

}  // namespace
}  // namespace crayon::transport
