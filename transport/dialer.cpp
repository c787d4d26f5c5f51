#include "transport/dialer.h"

#include <netdb.h>

#include <utility>

namespace crayon::transport {
namespace {

/// A proxy that has more to say than this about a tunnel is not believed.
constexpr Limits tunnel_limits{.header_bytes = std::size_t{16} * 1024, .body_bytes = 0};

/// Whether a look-up of one family failed only because the name has none of that family.
bool only_other_family(int status) {
  return status == EAI_ADDRFAMILY || status == EAI_NODATA;
}

}  // namespace

std::string Route::key() const {
  switch (url.scheme) {
    case Url::Scheme::unix:
      return "unix:" + url.socket;
    case Url::Scheme::http:
    case Url::Scheme::https:
      break;
  }
  std::string key = url.scheme == Url::Scheme::https ? "https://" : "http://";
  key += url.host_and_port();
  if (proxy) {
    key += " " + proxy->host + " " + std::to_string(proxy->port) + " " + proxy->authorization;
  }
  return key;
}

Dialer::Dialer(LoopThread& thread, ReadBuffer& buffer, const Route& route, Hooks hooks)
    : thread_(thread), buffer_(buffer), route_(route), hooks_(std::move(hooks)) {}

template <typename Action>
void Dialer::guarded(const Action& action) {
  const auto self = shared_from_this();
  try {
    action();
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail({Code::io, std::string("cannot connect: ") + error.what()});
  }
}

void Dialer::start() {
  guarded([&] {
    if (route_.url.scheme == Url::Scheme::unix) {
      connect_to_socket();
    } else if (route_.proxy) {
      connect_to_host(route_.proxy->host, route_.proxy->port);
    } else {
      connect_to_host(route_.url.host, route_.url.port);
    }
  });
}

void Dialer::cancel() {
  hooks_ = {};
  race_.reset();
  pipe_.reset();
  if (stream_) {
    std::exchange(stream_, nullptr)->close();
  }
}

void Dialer::fail(const Error& error) {
  const auto on_failed = std::exchange(hooks_, {}).on_failed;
  cancel();
  if (on_failed) {
    on_failed(error);
  }
}

void Dialer::connect_to_socket() {
  pipe_ = make_pipe(thread_.loop(), this);
  auto connect = std::make_unique<uv_connect_t>();
  const auto on_connect = [](uv_connect_t* done, int status) {
    const std::unique_ptr<uv_connect_t> release(done);
    if (done->handle->data == nullptr) {
      return;  // cancelled
    }
    auto& self = *static_cast<Dialer*>(done->handle->data);
    self.guarded([&] {
      if (status < 0) {
        self.on_all_failed(self.route_.url.socket + ": " + uv_reason(status));
      } else {
        self.on_connected(std::move(self.pipe_));
      }
    });
  };
  uv_pipe_connect(connect.release(), as_pipe(pipe_), route_.url.socket.c_str(), on_connect);
}

void Dialer::connect_to_host(const std::string& host, std::uint16_t port) {
  dialled_ = host;
  race_ = std::make_unique<AddressRace>(
      thread_.loop(),
      AddressRace::Hooks{
          [this](StreamHandle socket) { guarded([&] { on_connected(std::move(socket)); }); },
          [this](const std::string& failures) { guarded([&] { on_all_failed(failures); }); }});
  if (const auto numeric = numeric_address(host, port)) {
    const bool is_v6 = numeric->ss_family == AF_INET6;
    on_found(is_v6 ? AF_INET : AF_INET6, {});
    on_found(is_v6 ? AF_INET6 : AF_INET, {{*numeric}, 0});
    return;
  }
  for (const int family : {AF_INET6, AF_INET}) {
    // The other thread holds no more than a way to ask whether the dialer is still there.
    look_up(host, port, family,
            [tasks = thread_.tasks(), weak = weak_from_this(), family](LookupResult result) {
              tasks->post([weak, family, result = std::move(result)] {
                if (const auto self = weak.lock()) {
                  self->guarded([&] { self->on_found(family, result); });
                }
              });
            });
  }
}

void Dialer::on_found(int family, LookupResult result) {
  if (result.status != 0 && (lookup_status_ == 0 || only_other_family(lookup_status_))) {
    lookup_status_ = result.status;
  }
  if (race_) {
    race_->add(family, std::move(result.addresses));
  }
}

void Dialer::on_all_failed(const std::string& failures) {
  if (failures.empty()) {
    throw not_resolved(dialled_, lookup_status_);
  }
  throw Error(Code::connect_failed,
              (route_.proxy ? "cannot connect to the proxy " : "cannot connect to ") + failures,
              "Check that a server listens there.");
}

void Dialer::on_connected(StreamHandle socket) {
  race_.reset();
  stream_ = std::make_shared<ByteStream>(std::move(socket), buffer_);
  stream_->set_owner(this);
  if (route_.url.scheme != Url::Scheme::https) {
    opened();
    return;
  }
  stream_->read();
  if (route_.proxy) {
    ask_for_tunnel();
  } else {
    on_tunnel();
  }
}

/// RFC 9110 section 9.3.6.
void Dialer::ask_for_tunnel() {
  const auto on_head = [this](const MessageHead& head) {
    if (head.status >= 200 && head.status < 300) {
      return MessageParser::AfterHead::no_body;
    }
    if (head.status >= 100 && head.status < 200 && head.status != 101) {
      return MessageParser::AfterHead::read_body;  // there is none, and the answer is to come
    }
    throw Error(Code::connect_failed,
                "the proxy " + route_.proxy->host + " does not connect to " +
                    route_.url.host_and_port() + ": status " + std::to_string(head.status),
                head.status == 407 ? "Give the proxy's address as http://user:password@host:port."
                                   : "Check the proxy's rules, or name the host in no_proxy.");
  };
  tunnel_reply_ = std::make_unique<MessageParser>(
      MessageParser::Kind::reply, tunnel_limits,
      MessageParser::Hooks{on_head, [](std::string_view) { return false; }});
  const std::string target = route_.url.host_and_port();
  std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!route_.proxy->authorization.empty()) {
    request += "Proxy-Authorization: " + route_.proxy->authorization + "\r\n";
  }
  stream_->write(request + "\r\n", {});
}

void Dialer::on_bytes(std::string_view bytes) {
  const auto self = shared_from_this();
  while (!bytes.empty() && tunnel_reply_) {
    const MessageParser::Fed fed = tunnel_reply_->feed(bytes);
    if (fed.status == MessageParser::Status::more) {
      return;
    }
    if (fed.status != MessageParser::Status::complete) {
      throw Error(Code::protocol, "what the proxy says is not valid HTTP", "Check its port.");
    }
    bytes.remove_prefix(fed.used);
    if (tunnel_reply_->head().status >= 200) {
      tunnel_reply_.reset();
    } else {
      tunnel_reply_->reset();
    }
  }
  if (!tunnel_reply_) {
    if (!bytes.empty()) {  // the server at the other end is not the first to speak
      throw Error(Code::protocol, "the proxy speaks in place of the server", "Check the proxy.");
    }
    on_tunnel();
  }
}

void Dialer::on_end(const StreamEnd& end) {
  const auto self = shared_from_this();
  fail(end.error ? *end.error
                 : Error(Code::connect_failed, "the proxy has closed the connection",
                         "Check the proxy's address."));
}

void Dialer::on_tunnel() {
  stream_->secure(route_.tls->session(route_.url.host));
}

void Dialer::opened() {
  const auto self = shared_from_this();
  const auto on_open = std::exchange(hooks_, {}).on_open;
  const auto stream = std::exchange(stream_, nullptr);
  stream->set_owner(nullptr);
  if (on_open) {
    on_open(stream);
  }
}

}  // namespace crayon::transport
