// Both sides over unix sockets.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/support.h"
#include "tests/transport/sockets.h"
#include "transport/http_client.h"
#include "transport/http_server.h"
#include "transport/unix_listener.h"

namespace crayon::transport {
namespace {

using test::code_of;
using test::RunningServer;
using test::Socket;

void echo(const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
  responder->reply(200, "text/plain", request.method + " " + request.target + " " + request.body);
}

ServerOptions at(const std::string& path) {
  ServerOptions options;
  options.unix_path = path;
  return options;
}

unsigned mode_of(const std::string& path) {
  struct stat file = {};
  EXPECT_EQ(::lstat(path.c_str(), &file), 0);
  return file.st_mode & 0777;
}

/// A socket file on which nobody listens any more.
void leave_stale(const std::string& path) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(descriptor);
}

TEST(Unix, GetPostAndStream) {
  const test::TempDir folder;
  const std::string path = folder / "s";
  const RunningServer server(echo, at(path));
  EXPECT_EQ(server.port(), 0);
  Client client;
  const std::string url = "unix:" + path + ":/v1?x=y";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.fetch({.url = url}).body, "GET /v1?x=y ");
  }
  const std::string body(3'000'000, 'x');
  std::size_t size = 0;
  client.fetch({.method = "POST", .url = url, .body = body}, [&](std::string_view bytes) {
    size += bytes.size();
    return true;
  });
  EXPECT_EQ(size, body.size() + std::string("POST /v1?x=y ").size());
}

TEST(Unix, TheFileIsForItsOwnerAndGoesWithTheServer) {
  const test::TempDir folder;
  const std::string path = folder / "s";
  {
    RunningServer server(echo, at(path));
    EXPECT_EQ(mode_of(path), 0600u);
    server.stop();
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  ServerOptions options = at(path);
  options.unix_mode = 0666;  // more than the umask leaves
  const HttpServer never_run(options, echo);
  EXPECT_EQ(mode_of(path), 0666u);
}

TEST(Unix, WhatADeadServerHasLeftIsReplaced) {
  const test::TempDir folder;
  const std::string path = folder / "s";
  leave_stale(path);
  const RunningServer server(echo, at(path));
  EXPECT_EQ(fetch({.url = "unix:" + path}).status, 200);
}

TEST(Unix, ALivingServerIsNotReplaced) {
  const test::TempDir folder;
  const std::string path = folder / "s";
  const RunningServer server(echo, at(path));
  std::string sentence;
  EXPECT_EQ(code_of([&] { HttpServer(at(path), echo); }, &sentence), Code::io);
  EXPECT_NE(sentence.find("address taken"), std::string::npos) << sentence;
  EXPECT_EQ(fetch({.url = "unix:" + path}).status, 200);
}

TEST(Unix, OtherFilesAreLeftAlone) {
  const test::TempDir folder;
  const std::string file = folder / "file";
  std::ofstream(file) << "mine";
  EXPECT_EQ(code_of([&] { HttpServer(at(file), echo); }), Code::io);
  EXPECT_EQ(std::filesystem::file_size(file), 4u);
  const std::string link = folder / "link";
  std::filesystem::create_symlink(file, link);
  EXPECT_EQ(code_of([&] { HttpServer(at(link), echo); }), Code::io);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(code_of([&] { HttpServer(at(folder / "none" / "s"), echo); }), Code::io);
  EXPECT_EQ(code_of([&] { HttpServer(at("/" + std::string(200, 'x')), echo); }),
            Code::bad_argument);
}

TEST(Unix, ASuccessorsFileIsNotRemoved) {
  const test::TempDir folder;
  const std::string path = folder / "s";
  auto first = std::make_unique<UnixListener>(path, 0600);
  std::filesystem::rename(path, folder / "away");
  const UnixListener second(path, 0600);
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Unix, NobodyThere) {
  const test::TempDir folder;
  std::string sentence;
  const std::string none = folder / "none";
  EXPECT_EQ(code_of([&] { fetch({.url = "unix:" + none}); }, &sentence), Code::connect_failed);
  EXPECT_NE(sentence.find(none), std::string::npos) << sentence;
  const std::string stale = folder / "stale";
  leave_stale(stale);
  EXPECT_EQ(code_of([&] { fetch({.url = "unix:" + stale}); }, &sentence), Code::connect_failed);
  EXPECT_NE(sentence.find("refused"), std::string::npos) << sentence;
}

TEST(Unix, GarbageIsAnsweredAsOverTcp) {
  const test::TempDir folder;
  const std::string path = folder / "s";
  const RunningServer server(echo, at(path));
  const Socket socket = Socket::to_path(path);
  socket.send("garbage\r\n\r\n");
  EXPECT_TRUE(socket.receive_until_end().starts_with("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace crayon::transport
