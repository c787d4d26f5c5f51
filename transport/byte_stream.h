#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "transport/loop.h"
#include "transport/tls.h"

namespace crayon::transport {

/// What any one stream of a loop reads into; its bytes are handed on before the next one reads.
using ReadBuffer = std::array<char, std::size_t{64} * 1024>;

/// How the peer's bytes came to an end.
struct StreamEnd {
  /// Empty: the peer has said that there is no more; with TLS, in so many words. Otherwise bytes
  /// may be missing: a reset, a failure of TLS, or a connection cut off without TLS' farewell.
  std::optional<Error> error;
};

/// Who uses a stream at the moment. What these calls throw becomes an on_end() with that error.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  /// The TLS that secure() began is in force.
  virtual void on_secured() {}
  virtual void on_bytes(std::string_view bytes) = 0;
  /// close() is still the owner's to call. After TLS has ended, in whatever way, the end of the
  /// socket comes here too.
  virtual void on_end(const StreamEnd& end) = 0;
};

/// Bytes both ways over a connected TCP or unix socket, in plain or inside TLS. Lives on a loop's
/// thread; a callback may close it or hand it to another owner.
class ByteStream : public std::enable_shared_from_this<ByteStream> {
 public:
  ByteStream(StreamHandle socket, ReadBuffer& buffer);

  /// Null: nobody, and what happens is forgotten.
  void set_owner(StreamOwner* owner) { owner_ = owner; }
  /// Begins TLS; needs read(). What is written meanwhile waits for it.
  void secure(std::unique_ptr<TlsSession> tls);

  void read();
  void pause();
  bool reading() const { return reading_; }

  /// Gets 0 or libuv's error once the bytes are with the kernel; never after close().
  using OnSent = std::function<void(int)>;
  void write(std::string bytes, OnSent on_sent);
  /// Ends our direction, behind what was written.
  void shut_down();
  /// Drops what is not sent yet. May be repeated.
  void close();

  /// Bytes of this side that the kernel has taken; they grow as the peer takes them.
  std::uint64_t bytes_out() const;
  /// Something has come, or an end, that nobody has read.
  bool has_unread() const;

 private:
  struct Write;
  struct Early {
    std::string bytes;
    OnSent on_sent;
  };

  template <typename Action>
  void guarded(const Action& action);
  void end(const StreamEnd& end);
  void on_ciphertext(std::string_view bytes);
  void on_tls_piece(std::string_view bytes);
  void on_tls_established();
  void flush_tls();
  void send(std::string bytes, OnSent on_sent);

  StreamHandle socket_;
  ReadBuffer& buffer_;
  StreamOwner* owner_ = nullptr;
  std::unique_ptr<TlsSession> tls_;
  bool secured_ = false;
  bool reading_ = false;
  bool ended_ = false;            // on_end() has been called: no more bytes come
  bool shut_down_early_ = false;  // before TLS was in force
  std::vector<Early> early_;      // written before TLS was in force
  std::uint64_t given_ = 0;       // bytes given to libuv so far
};

}  // namespace crayon::transport
