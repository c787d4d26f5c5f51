#pragma once

#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"
#include "runtime/model/aligned.h"

namespace crayon::bench {

/// How fast threads can read memory: a loop that does nothing else, over a buffer that no cache
/// holds. It is the limit of decoding, which reads every weight once a token.
class ReadBandwidth {
 public:
  /// More than any cache holds.
  static constexpr std::uint64_t usual_bytes = std::uint64_t{256} << 20;

  /// Takes `bytes` of memory, or a quarter of what is free when that is less; rounded down to
  /// whole chunks of 64 KiB, one at least.
  explicit ReadBandwidth(std::uint64_t bytes);

  std::uint64_t bytes() const { return buffer_.size() * sizeof(std::uint64_t); }

  /// Bytes a second: the median of passes over the buffer, which `threads` share out as they do
  /// weights. Passes are made for about `seconds`, three at least.
  double measure(ThreadPool& threads, double seconds);

 private:
  double seconds_of_one_pass(ThreadPool& threads);

  model::AlignedArray<std::uint64_t> buffer_;
};

}  // namespace crayon::bench
