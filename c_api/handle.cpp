#include "c_api/handle.h"

#include <fmt/format.h>

#include "base/error.h"

namespace crayon::c_api {
namespace {

[[noreturn]] void throw_closed(Kind kind) {
  throw Error(Code::closed, fmt::format("{} was used after it was closed", in_words(kind)),
              "close it when nothing uses it any more");
}

[[noreturn]] void throw_busy(Kind kind) {
  throw Error(Code::busy, fmt::format("{} is at work for another call", in_words(kind)),
              "wait until that has returned, or open another one");
}

}  // namespace

std::string in_words(Kind kind) {
  switch (kind) {
    case Kind::runtime:
      return "a runtime";
    case Kind::cancel:
      return "a cancel switch";
    case Kind::model:
      return "a model";
    case Kind::adapter:
      return "an adapter";
    case Kind::pool:
      return "a pool";
    case Kind::session:
      return "a session";
    case Kind::assistant:
      return "an assistant";
    case Kind::encoder:
      return "an encoder";
  }
  return "something unknown";
}

void Handle::check_kind(Kind kind) const {
  if (kind_ != kind) {
    throw Error(Code::bad_argument,
                fmt::format("{} was given where {} is wanted", in_words(kind_), in_words(kind)),
                "do not cast handles");
  }
}

void Handle::enter(bool alone) {
  std::int32_t calls = calls_.load(std::memory_order_relaxed);
  do {
    if (calls == shut_down) {
      throw_closed(kind_);
    }
    if (alone && calls != 0) {
      throw_busy(kind_);
    }
  } while (!calls_.compare_exchange_weak(calls, calls + 1, std::memory_order_acquire));
}

void Handle::shut() {
  std::int32_t calls = 0;
  if (calls_.compare_exchange_strong(calls, shut_down, std::memory_order_acquire)) {
    return;
  }
  if (calls == shut_down) {
    throw_closed(kind_);
  }
  throw_busy(kind_);
}

}  // namespace crayon::c_api
