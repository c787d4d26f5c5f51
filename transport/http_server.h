#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transport/http_message.h"
#include "transport/tls.h"

namespace crayon::transport {

struct ServerRequest {
  std::string method;
  std::string target;  ///< path and query, as sent
  Headers headers;
  std::string body;
};

/// The reply to one request. May be used from any thread and outlive the handler and the server;
/// what is written after the peer has gone is dropped. Destroyed unfinished, it closes the
/// connection. Calls out of turn (two replies, a write before start) throw bad_argument, as do a
/// status outside 200..599 and control characters in a content type.
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
  /// The peer has closed the connection, or its sending half.
  virtual bool gone() const = 0;
};

/// Called on the event loop: must not block; long work takes the responder to another thread.
/// What it throws becomes a reply with status 500.
using Handler = std::function<void(ServerRequest, std::shared_ptr<Responder>)>;

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  /// A unix socket to listen on instead of host and port; empty: none. What a server that is no
  /// more has left there is replaced, and the file goes when this server ends.
  std::string unix_path = {};
  unsigned unix_mode = 0600;  ///< of that file: who may connect
  ServerTlsOptions tls = {};  ///< with a certificate_file, TLS 1.3 and nothing else is spoken
  Limits limits = {};
  std::size_t max_connections = 256;  ///< one more gets 503
  /// Bodies of all requests that are coming in; one that would go beyond it gets 503. Without it,
  /// max_connections times limits.body_bytes could be asked of the memory.
  std::size_t incoming_bytes = std::size_t{32} * 1024 * 1024;
  /// A connection ends that has not completed a request (the handshake of TLS included), or has
  /// taken no byte of a reply that waits for it, for this long.
  std::uint32_t idle_seconds = 60;
  std::chrono::milliseconds grace{5000};  ///< what stop() leaves to requests under way
  /// Called on the loop every `heartbeat_interval`, as long as the loop turns; may be empty.
  std::function<void()> on_heartbeat = {};
  std::chrono::milliseconds heartbeat_interval{1000};
};

/// HTTP/1.1 with keep-alive on one libuv loop. A connection's requests are answered one after
/// another; those that come early wait. What is not a request is answered by the server itself:
/// 400, 408 (too slow), 413 and 431 (beyond the limits), 417, 503 (too many connections, or too
/// much coming in), 505, each with an error_json() body, and the connection ends.
class HttpServer {
 public:
  /// Binds and listens; throws io when the address is taken, resolve_failed when it is unknown,
  /// and what make_tls_context() does.
  HttpServer(const ServerOptions& options, Handler handler);
  /// run() must have returned, or never been called.
  ~HttpServer();
  std::uint16_t port() const;  ///< the one that was bound; 0 for a unix socket
  /// Serves until stop(), then once more until the requests under way are answered or `grace`
  /// has passed. Call it once; SIGPIPE is blocked for its thread meanwhile.
  void run();
  /// From any thread, not from a raw signal handler. Returns at once.
  void stop();
  /// Has SIGINT and SIGTERM stop the server; a second one ends it without grace. Before run().
  void stop_on_signals();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crayon::transport
