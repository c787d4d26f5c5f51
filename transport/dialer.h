#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "transport/address_race.h"
#include "transport/byte_stream.h"
#include "transport/loop_thread.h"
#include "transport/message_parser.h"
#include "transport/proxy.h"
#include "transport/url.h"

namespace crayon::transport {

/// How an origin is reached.
struct Route {
  Url url;
  std::optional<Proxy> proxy;
  std::shared_ptr<const TlsContext> tls;  ///< https

  /// Equal for routes whose connections are as good as each other's.
  std::string key() const;
};

/// Opens one connection along a route: finds the addresses, connects, has a proxy build a tunnel,
/// agrees on TLS. Lives on a loop's thread.
class Dialer : public std::enable_shared_from_this<Dialer>, private StreamOwner {
 public:
  struct Hooks {
    std::function<void(const std::shared_ptr<ByteStream>&)> on_open;
    std::function<void(const Error&)> on_failed;
  };
  /// All must outlive the dialer.
  Dialer(LoopThread& thread, ReadBuffer& buffer, const Route& route, Hooks hooks);

  /// One of the hooks follows, once, perhaps before this returns.
  void start();
  /// None follows.
  void cancel();

 private:
  template <typename Action>
  void guarded(const Action& action);
  void fail(const Error& error);

  void connect_to_socket();
  void connect_to_host(const std::string& host, std::uint16_t port);
  void on_found(int family, LookupResult result);
  void on_all_failed(const std::string& failures);
  void on_connected(StreamHandle socket);
  void ask_for_tunnel();
  void on_tunnel();
  void opened();

  void on_secured() override { opened(); }
  void on_bytes(std::string_view bytes) override;
  void on_end(const StreamEnd& end) override;

  LoopThread& thread_;
  ReadBuffer& buffer_;
  const Route& route_;
  Hooks hooks_;
  std::string dialled_;  // the host that is connected to: the proxy's, if there is one
  int lookup_status_ = 0;
  std::unique_ptr<AddressRace> race_;
  StreamHandle pipe_;  // while it connects
  std::shared_ptr<ByteStream> stream_;
  std::unique_ptr<MessageParser> tunnel_reply_;
};

}  // namespace crayon::transport
