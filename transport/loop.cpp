#include "transport/loop.h"

#include <cassert>

#include "base/error.h"

namespace crayon::transport {
namespace {

template <typename T, typename Init>
Handle<T> make_handle(void* owner, const Init& init) {
  auto handle = std::make_unique<T>();
  handle->data = owner;
  uv_check(init(handle.get()), "cannot open an event handle");
  return Handle<T>(handle.release());
}

}  // namespace

std::string uv_reason(int status) {
  char text[128];
  return uv_strerror_r(status, text, sizeof text);
}

void uv_check(int status, const char* what) {
  if (status < 0) {
    throw Error(Code::io, std::string(what) + ": " + uv_reason(status));
  }
}

Loop::Loop() {
  uv_check(uv_loop_init(&loop_), "cannot open an event loop");
}

Loop::~Loop() {
  uv_run(&loop_, UV_RUN_DEFAULT);
  [[maybe_unused]] const int status = uv_loop_close(&loop_);
  assert(status == 0);
}

void CloseStream::operator()(uv_stream_t* stream) const {
  if (stream->type == UV_TCP) {
    CloseHandle{}(reinterpret_cast<uv_tcp_t*>(stream));
  } else {
    CloseHandle{}(reinterpret_cast<uv_pipe_t*>(stream));
  }
}

StreamHandle make_tcp(Loop& loop, void* owner) {
  auto tcp =
      make_handle<uv_tcp_t>(owner, [&](uv_tcp_t* out) { return uv_tcp_init(loop.get(), out); });
  return StreamHandle(reinterpret_cast<uv_stream_t*>(tcp.release()));
}

StreamHandle make_pipe(Loop& loop, void* owner) {
  constexpr int no_handles_passed = 0;
  auto pipe = make_handle<uv_pipe_t>(
      owner, [&](uv_pipe_t* out) { return uv_pipe_init(loop.get(), out, no_handles_passed); });
  return StreamHandle(reinterpret_cast<uv_stream_t*>(pipe.release()));
}

Handle<uv_timer_t> make_timer(Loop& loop, void* owner) {
  return make_handle<uv_timer_t>(
      owner, [&](uv_timer_t* timer) { return uv_timer_init(loop.get(), timer); });
}

Handle<uv_signal_t> make_signal(Loop& loop, void* owner) {
  return make_handle<uv_signal_t>(
      owner, [&](uv_signal_t* signal) { return uv_signal_init(loop.get(), signal); });
}

Handle<uv_async_t> make_async(Loop& loop, void* owner, uv_async_cb on_wake) {
  return make_handle<uv_async_t>(
      owner, [&](uv_async_t* async) { return uv_async_init(loop.get(), async, on_wake); });
}

}  // namespace crayon::transport
