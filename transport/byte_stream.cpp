#include "transport/byte_stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <limits>
#include <utility>

namespace crayon::transport {
namespace {

Error lost(const std::string& reason) {
  return {Code::connection_lost, "the connection was lost: " + reason, "Try again."};
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return {Code::io, std::string("cannot go on with a connection: ") + error.what()};
  }
}

ByteStream* stream_of(const void* data) {
  return static_cast<ByteStream*>(const_cast<void*>(data));
}

}  // namespace

struct ByteStream::Write {
  uv_write_t request = {};
  std::string bytes;
  OnSent on_sent;
};

ByteStream::ByteStream(StreamHandle socket, ReadBuffer& buffer)
    : socket_(std::move(socket)), buffer_(buffer) {
  socket_->data = this;
  if (socket_->type == UV_TCP) {
    uv_tcp_nodelay(as_tcp(socket_), 1);  // a token shall not wait for the next one
  }
}

/// Every callback of libuv acts through here: no exception unwinds its C frames, and the stream
/// outlives the call even when its owner lets go of it.
template <typename Action>
void ByteStream::guarded(const Action& action) {
  const auto self = shared_from_this();
  try {
    action();
  } catch (...) {
    end({current_error()});
  }
}

void ByteStream::end(const StreamEnd& end) {
  ended_ = true;
  if (socket_ != nullptr && owner_ != nullptr) {
    owner_->on_end(end);
  }
}

void ByteStream::secure(std::unique_ptr<TlsSession> tls) {
  tls_ = std::move(tls);
  on_ciphertext({});  // a client speaks first
}

void ByteStream::read() {
  if (socket_ == nullptr || std::exchange(reading_, true)) {
    return;
  }
  const auto on_alloc = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto& shared = stream_of(handle->data)->buffer_;
    *buffer = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
  };
  const auto on_read = [](uv_stream_t* socket, ssize_t size, const uv_buf_t* buffer) {
    ByteStream& self = *stream_of(socket->data);
    self.guarded([&] {
      if (size > 0) {
        const std::string_view bytes(buffer->base, static_cast<std::size_t>(size));
        if (self.tls_) {
          self.on_ciphertext(bytes);
        } else if (self.owner_ != nullptr) {
          self.owner_->on_bytes(bytes);
        }
      } else if (size == UV_EOF && self.tls_) {
        self.end({lost(self.secured_ ? "cut off, as TLS has not said that it ends"
                                     : "closed during the TLS handshake")});
      } else if (size == UV_EOF) {
        self.end({});
      } else if (size < 0) {
        self.end({lost(uv_reason(static_cast<int>(size)))});
      }
    });
  };
  uv_check(uv_read_start(socket_.get(), on_alloc, on_read), "cannot read from a socket");
}

void ByteStream::pause() {
  if (socket_ != nullptr && std::exchange(reading_, false)) {
    uv_read_stop(socket_.get());
  }
}

void ByteStream::on_ciphertext(std::string_view bytes) {
  // OpenSSL's memory never shrinks: fed a record's worth at a time, it stays small.
  do {
    const std::string_view piece = bytes.substr(0, tls_record_bytes);
    bytes.remove_prefix(piece.size());
    on_tls_piece(piece);
  } while (!bytes.empty() && socket_ != nullptr && !ended_);
}

void ByteStream::on_tls_piece(std::string_view bytes) {
  if (ended_) {
    return;
  }
  try {
    tls_->receive(bytes);
    if (!secured_ && tls_->handshake()) {
      on_tls_established();
    }
    std::array<char, tls_record_bytes> room;
    while (secured_ && socket_ != nullptr) {
      const std::string_view plaintext = tls_->read(room);
      if (plaintext.empty()) {
        break;
      }
      if (owner_ != nullptr) {
        owner_->on_bytes(plaintext);
      }
    }
  } catch (...) {
    flush_tls();  // the alert
    throw;
  }
  flush_tls();
  if (tls_->peer_closed()) {
    end({});
  }
}

void ByteStream::on_tls_established() {
  secured_ = true;
  flush_tls();
  if (owner_ != nullptr) {
    owner_->on_secured();
  }
  for (Early& early : std::exchange(early_, {})) {
    write(std::move(early.bytes), std::move(early.on_sent));
  }
  if (shut_down_early_) {
    shut_down();
  }
}

void ByteStream::flush_tls() {
  std::string output = tls_->take_output();
  if (!output.empty()) {
    send(std::move(output), {});
  }
}

void ByteStream::write(std::string bytes, OnSent on_sent) {
  if (!tls_) {
    send(std::move(bytes), std::move(on_sent));
  } else if (!secured_) {
    early_.push_back({std::move(bytes), std::move(on_sent)});
  } else {
    tls_->write(bytes);
    send(tls_->take_output(), std::move(on_sent));
  }
}

void ByteStream::send(std::string bytes, OnSent on_sent) {
  if (socket_ == nullptr) {
    return;
  }
  if (bytes.size() > std::numeric_limits<std::int32_t>::max()) {
    throw Error(Code::over_limit, "more than libuv can write at once");
  }
  auto write = std::make_unique<Write>();
  write->bytes = std::move(bytes);
  write->on_sent = std::move(on_sent);
  write->request.data = write.get();
  const uv_buf_t whole =
      uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const auto on_done = [](uv_write_t* request, int status) {
    const std::unique_ptr<Write> done(static_cast<Write*>(request->data));
    ByteStream* self = stream_of(request->handle->data);
    if (self != nullptr && done->on_sent) {
      self->guarded([&] { done->on_sent(status); });
    }
  };
  uv_check(uv_write(&write->request, socket_.get(), &whole, 1, on_done),
           "cannot write to a socket");
  given_ += write->bytes.size();
  static_cast<void>(write.release());  // on_done's now
}

void ByteStream::shut_down() {
  if (tls_ && !secured_ && !ended_) {
    shut_down_early_ = true;
    return;
  }
  if (tls_ && !ended_) {
    tls_->close();
    flush_tls();
  }
  if (socket_ == nullptr) {
    return;
  }
  auto request = std::make_unique<uv_shutdown_t>();
  const auto on_done = [](uv_shutdown_t* done, int) { delete done; };
  uv_check(uv_shutdown(request.get(), socket_.get(), on_done), "cannot shut a socket down");
  static_cast<void>(request.release());  // on_done's now
}

void ByteStream::close() {
  owner_ = nullptr;
  socket_.reset();
  early_.clear();
}

std::uint64_t ByteStream::bytes_out() const {
  return socket_ == nullptr ? given_ : given_ - uv_stream_get_write_queue_size(socket_.get());
}

bool ByteStream::has_unread() const {
  uv_os_fd_t descriptor = -1;
  if (socket_ == nullptr ||
      uv_fileno(reinterpret_cast<const uv_handle_t*>(socket_.get()), &descriptor) < 0) {
    return true;
  }
  char byte = 0;
  const ssize_t size = ::recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace crayon::transport
