#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "transport/http_server.h"

namespace crayon::test {

/// A plain blocking TCP socket on 127.0.0.1. No wait is longer than ten seconds.
class Socket {
 public:
  explicit Socket(int descriptor);
  /// Connects.
  static Socket to(std::uint16_t port);
  static Socket to_path(const std::string& path);
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&&) = delete;

  /// False when the peer has gone.
  bool send(std::string_view bytes) const;
  /// Sends in single bytes, each in a packet of its own.
  void send_slowly(std::string_view bytes) const;
  /// Up to `most` bytes; empty at the end of the connection.
  std::string receive(std::size_t most = 65536) const;
  std::string receive_until_end() const;
  /// Reads up to and with `mark`; throws when the connection ends first.
  std::string receive_until(std::string_view mark) const;
  /// One HTTP message with Content-Length or without a body.
  std::string receive_message() const;
  void end_sending() const;
  /// Closes with a reset in place of an orderly end.
  void reset();
  void close();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// A server that does whatever `script` says with each connection, one after another, in a
/// thread of its own.
class Peer {
 public:
  using Script = std::function<void(Socket&)>;
  explicit Peer(Script script);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const;
  int connections() const { return connections_; }

 private:
  int listener_;
  std::uint16_t port_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

/// An address whose queue is full: what connects to it hears nothing.
class SilentAddress {
 public:
  SilentAddress();
  ~SilentAddress();
  SilentAddress(const SilentAddress&) = delete;
  SilentAddress& operator=(const SilentAddress&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int listener_;
  std::uint16_t port_;
  std::vector<Socket> first_;
};

/// A port of 127.0.0.1 on which nothing listens.
std::uint16_t closed_port();

/// An HttpServer that runs in a thread of its own.
class RunningServer {
 public:
  explicit RunningServer(transport::Handler handler, transport::ServerOptions options = {});
  ~RunningServer() { stop(); }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  std::uint16_t port() const { return server_.port(); }
  std::string url(const std::string& path = "/") const;
  /// Returns when run() has.
  void stop();
  transport::HttpServer& server() { return server_; }

 private:
  transport::HttpServer server_;
  std::thread thread_;
};

/// Milliseconds that `action` takes.
template <typename Action>
std::int64_t milliseconds_of(const Action& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin)
      .count();
}

}  // namespace crayon::test
