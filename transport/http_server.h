#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transport/http_message.h"

namespace crayon::transport {

struct ServerRequest {
  std::string method;
  std::string target;  ///< path and query, as sent
  Headers headers;
  std::string body;
};

/// The reply to one request. May be used from any thread and outlive the handler; what is
/// written after the peer has gone is dropped. Destroyed unfinished, it closes the connection.
class Responder {
 public:
  virtual ~Responder() = default;
  /// A whole reply.
  virtual void reply(int status, std::string_view content_type, std::string body) = 0;
  /// A reply in pieces (chunked): start, any number of writes, finish.
  virtual void start(int status, std::string_view content_type) = 0;
  /// False when the peer has gone: the sender may stop. Blocks while the peer is slow and much
  /// is waiting, so a sender cannot fill the memory; never blocks the event loop's own thread.
  virtual bool write(std::string_view bytes) = 0;
  virtual void finish() = 0;
  /// The peer has closed the connection.
  virtual bool gone() const = 0;
};

/// Called on the event loop: must not block; long work takes the responder to another thread.
using Handler = std::function<void(ServerRequest, std::shared_ptr<Responder>)>;

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  Limits limits;
  std::size_t max_connections = 256;
  std::uint32_t idle_seconds = 60;  ///< a connection without a complete request this long ends
};

/// HTTP/1.1 with keep-alive on one libuv loop.
class HttpServer {
 public:
  /// Binds and listens; throws io when the address is taken.
  HttpServer(const ServerOptions& options, Handler handler);
  ~HttpServer();
  std::uint16_t port() const;  ///< the one that was bound
  /// Serves until stop(). Requests under way are given up to `stop`'s grace to finish.
  void run();
  /// From any thread or a signal watcher.
  void stop();
  /// run() returns after SIGINT or SIGTERM.
  void stop_on_signals();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crayon::transport
