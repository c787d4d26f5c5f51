#pragma once

#include <uv.h>

#include <memory>
#include <string>

namespace crayon::transport {

/// Why a libuv call failed, in words: "connection refused".
std::string uv_reason(int status);

/// Throws io, "`what`: reason", when `status` is an error of libuv.
void uv_check(int status, const char* what);

/// A libuv event loop. Handles close in two steps (uv_close, then a callback on a later turn), so
/// a loop must turn until the last of them is gone: the destructor does. Whoever owns handles
/// declares them after the loop.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_t* get() { return &loop_; }
  /// Turns until no handle is open.
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

 private:
  uv_loop_t loop_;
};

struct CloseHandle {
  template <typename T>
  void operator()(T* handle) const {
    handle->data = nullptr;  // what still calls back finds that its owner has let go
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<T*>(closed); });
  }
};

/// An open handle (uv_tcp_t, uv_timer_t, ...) whose `data` is its owner. Letting go of it closes
/// it; its memory lives on until the loop has called back, and with `data` null.
template <typename T>
using Handle = std::unique_ptr<T, CloseHandle>;

Handle<uv_timer_t> make_timer(Loop& loop, void* owner);
Handle<uv_signal_t> make_signal(Loop& loop, void* owner);
Handle<uv_async_t> make_async(Loop& loop, void* owner, uv_async_cb on_wake);

/// A TCP or a unix socket.
struct CloseStream {
  void operator()(uv_stream_t* stream) const;
};
using StreamHandle = std::unique_ptr<uv_stream_t, CloseStream>;

StreamHandle make_tcp(Loop& loop, void* owner);
StreamHandle make_pipe(Loop& loop, void* owner);

inline uv_tcp_t* as_tcp(const StreamHandle& stream) {
  return reinterpret_cast<uv_tcp_t*>(stream.get());
}
inline uv_pipe_t* as_pipe(const StreamHandle& stream) {
  return reinterpret_cast<uv_pipe_t*>(stream.get());
}

}  // namespace crayon::transport
