#include "tests/transport/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "transport/sigpipe.h"

namespace crayon::test {
namespace {

constexpr timeval patience{.tv_sec = 10, .tv_usec = 0};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void require(bool holds, const char* what) {
  if (!holds) {
    throw std::runtime_error(what);
  }
}

int listen_anywhere(std::uint16_t& port, int backlog = 64) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  require(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  require(::listen(listener, backlog) == 0, "listen");
  require(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0,
          "getsockname");
  port = ntohs(address.sin_port);
  return listener;
}

transport::ServerOptions on_any_port(transport::ServerOptions options) {
  options.port = 0;
  return options;
}

std::string url_of(std::uint16_t port, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(port) + path;
}

}  // namespace

Socket::Socket(int descriptor) : descriptor_(descriptor) {
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket Socket::to(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  require(::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&address),
                    sizeof address) == 0,
          "connect");
  return socket;
}

Socket Socket::to_path(const std::string& path) {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  require(::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&address),
                    sizeof address) == 0,
          "connect");
  return socket;
}

bool Socket::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Socket::send_slowly(std::string_view bytes) const {
  for (const char byte : bytes) {
    send({&byte, 1});
    std::this_thread::yield();
  }
}

std::string Socket::receive(std::size_t most) const {
  std::string bytes(most, '\0');
  const ssize_t received = ::recv(descriptor_, bytes.data(), most, 0);
  bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
  return bytes;
}

std::string Socket::receive_until_end() const {
  std::string all;
  for (std::string more = receive(); !more.empty(); more = receive()) {
    all += more;
  }
  return all;
}

std::string Socket::receive_until(std::string_view mark) const {
  std::string all;
  while (!all.ends_with(mark)) {
    const std::string byte = receive(1);
    require(!byte.empty(), "the connection ended too early");
    all += byte;
  }
  return all;
}

std::string Socket::receive_message() const {
  std::string message = receive_until("\r\n\r\n");
  const std::size_t field = message.find("Content-Length: ");
  if (field == std::string::npos) {
    return message;
  }
  const std::size_t whole =
      message.size() + std::strtoull(message.c_str() + field + 16, nullptr, 10);
  while (message.size() < whole) {
    const std::string more = receive(whole - message.size());
    require(!more.empty(), "the connection ended too early");
    message += more;
  }
  return message;
}

void Socket::end_sending() const {
  ::shutdown(descriptor_, SHUT_WR);
}

void Socket::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Socket::close() {
  if (descriptor_ >= 0) {
    ::close(std::exchange(descriptor_, -1));
  }
}

Peer::Peer(Script script) : listener_(listen_anywhere(port_)) {
  thread_ = std::thread([this, script = std::move(script)] {
    const transport::SigpipeBlock no_sigpipe;  // for scripts that write by other means than send()
    while (!stopping_) {
      pollfd ready{.fd = listener_, .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, 10) <= 0) {
        continue;
      }
      Socket socket(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
      ++connections_;
      try {
        script(socket);
      } catch (const std::runtime_error&) {
        // The other side has left in the middle of the script.
      }
    }
  });
}

Peer::~Peer() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

std::string Peer::url(const std::string& path) const {
  return url_of(port_, path);
}

SilentAddress::SilentAddress() : listener_(listen_anywhere(port_, 0)) {
  first_.emplace_back(Socket::to(port_));
}

SilentAddress::~SilentAddress() {
  ::close(listener_);
}

std::uint16_t closed_port() {
  std::uint16_t port = 0;
  ::close(listen_anywhere(port));
  return port;
}

RunningServer::RunningServer(transport::Handler handler, transport::ServerOptions options)
    : server_(on_any_port(std::move(options)), std::move(handler)),
      thread_([this] { server_.run(); }) {}

std::string RunningServer::url(const std::string& path) const {
  return url_of(port(), path);
}

void RunningServer::stop() {
  if (thread_.joinable()) {
    server_.stop();
    thread_.join();
  }
}

}  // namespace crayon::test
