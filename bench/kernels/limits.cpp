#include "bench/kernels/limits.h"

#include <benchmark/benchmark.h>
#include <time.h>

#include <cstdint>
#include <cstring>

#include "kernels/kernel_set.h"

namespace crayon::bench {

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

#if defined(__x86_64__)
// Wide loads: with 16 bytes at a time a core reads memory up to a fifth slower than it can.
[[gnu::target_clones("avx512f", "avx2", "default")]]
#endif
void read_all(std::span<const std::byte> bytes) {
  using Line [[gnu::vector_size(64)]] = std::uint64_t;
  Line all[4] = {};
  for (std::size_t at = 0; at + sizeof all <= bytes.size(); at += sizeof all) {
    for (std::size_t i = 0; i < 4; ++i) {
      Line line;
      std::memcpy(&line, bytes.data() + at + i * sizeof line, sizeof line);
      all[i] |= line;
    }
  }
  benchmark::DoNotOptimize(all);
}

#if defined(__x86_64__)
// Twelve sums, of which none waits for its last product.
#define EACH_SUM ".irp n,0,1,2,3,4,5,6,7,8,9,10,11\n"
#define SUMS                                                                               \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
      "xmm11", "cc"

double multiply_in_registers() {
  constexpr long rounds = 20000;
  long left = rounds;
  if ((kernels::cpu_features() & kernels::feature_avx512vnni) != 0) {
    asm volatile("1:\n" EACH_SUM "vpdpbusd %%zmm12, %%zmm13, %%zmm\\n\n.endr\ndec %0\njnz 1b"
                 : "+r"(left)::SUMS);
    return 12.0 * 64 * rounds;
  }
  if ((kernels::cpu_features() & kernels::feature_avxvnni) != 0) {
    asm volatile("1:\n" EACH_SUM
                 "%{vex%} vpdpbusd %%ymm12, %%ymm13, %%ymm\\n\n.endr\ndec %0\njnz 1b"
                 : "+r"(left)::SUMS);
    return 12.0 * 32 * rounds;
  }
  return 0;
}
#else
double multiply_in_registers() {
  return 0;
}
#endif

}  // namespace crayon::bench
