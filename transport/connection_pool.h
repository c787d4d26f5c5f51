#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "transport/byte_stream.h"

namespace crayon::transport {

/// Connections that have carried a whole exchange and may carry another. Whatever a peer sends
/// while nobody has asked, be it its end, ends the connection. Lives on a loop's thread.
class ConnectionPool {
 public:
  ConnectionPool(Loop& loop, std::size_t most, std::chrono::milliseconds idle_time);

  /// For later; with `most` there already, in place of the one that waits longest.
  void put(std::string key, std::shared_ptr<ByteStream> stream);
  /// The one of that key that was used last, with nothing unread on it; null if there is none.
  std::shared_ptr<ByteStream> take(const std::string& key);
  void clear();

 private:
  struct Idle final : StreamOwner {
    void on_bytes(std::string_view) override { pool->drop(*this); }
    void on_end(const StreamEnd&) override { pool->drop(*this); }

    ConnectionPool* pool = nullptr;
    std::string key;
    std::shared_ptr<ByteStream> stream;
    std::uint64_t since = 0;  // in the loop's milliseconds
  };

  void drop(const Idle& idle);
  void end_oldest();
  void set_timer();
  void on_timer();

  Loop& loop_;
  std::size_t most_;
  std::uint64_t idle_time_;
  Handle<uv_timer_t> timer_;
  std::list<Idle> idle_;  // oldest first
};

}  // namespace crayon::transport
