#include "runtime/bench/read_bandwidth.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <vector>

#include "base/machine.h"
#include "base/process.h"
#include "runtime/bench/statistics.h"

namespace crayon::bench {
namespace {

constexpr std::size_t chunk = std::size_t{64} << 10;  // bytes that a thread claims at once

/// 16 bytes, the vector of every CPU; what the compiler makes of it is one load.
using Vector = std::uint64_t __attribute__((vector_size(16)));

std::uint64_t buffer_numbers(std::uint64_t wanted) {
  const std::uint64_t free = read_memory(SystemFiles()).available.value_or(wanted);
  const std::uint64_t bytes = std::min(wanted, free / 4);
  return std::max<std::uint64_t>(bytes / chunk, 1) * chunk / sizeof(std::uint64_t);
}

/// Asks for large pages, as the buffer's limit should be the memory and not the table of pages.
void ask_for_huge_pages(std::uint64_t* numbers, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(numbers) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(numbers) + bytes;
  if (begin < end) {
    ::madvise(reinterpret_cast<void*>(begin), (end - begin) / page * page, MADV_HUGEPAGE);
  }
}

/// All bits of [from, to), or-ed: four loads in flight, nothing that waits for another.
std::uint64_t read(const std::uint64_t* from, const std::uint64_t* to) {
  Vector bits[4] = {};
  for (const auto* at = reinterpret_cast<const Vector*>(from);
       at != reinterpret_cast<const Vector*>(to); at += 4) {
    __builtin_prefetch(at + 128);  // 2 KiB ahead: in-order cores wait for nothing else
    bits[0] |= at[0];
    bits[1] |= at[1];
    bits[2] |= at[2];
    bits[3] |= at[3];
  }
  const Vector all = (bits[0] | bits[1]) | (bits[2] | bits[3]);
  return all[0] | all[1];
}

}  // namespace

ReadBandwidth::ReadBandwidth(std::uint64_t bytes) : buffer_(buffer_numbers(bytes)) {
  ask_for_huge_pages(buffer_.data(), buffer_.size() * sizeof(std::uint64_t));
  buffer_.fill_zero();  // pages that nobody wrote to would all be the same one
}

double ReadBandwidth::measure(ThreadPool& threads, double seconds) {
  std::vector<double> passes;
  const double started = monotonic_seconds();
  do {
    passes.push_back(seconds_of_one_pass(threads));
  } while (passes.size() < 3 || monotonic_seconds() - started < seconds);
  return static_cast<double>(bytes()) / median(passes);
}

double ReadBandwidth::seconds_of_one_pass(ThreadPool& threads) {
  constexpr std::size_t numbers = chunk / sizeof(std::uint64_t);
  std::atomic<std::uint64_t> bits{0};  // so that the compiler has to read
  const auto work = [&](std::size_t begin, std::size_t end) {
    bits |= read(buffer_.data() + begin, buffer_.data() + end);
  };
  const double started = monotonic_seconds();
  threads.parallel_for(buffer_.size(), numbers, std::cref(work));
  const double seconds = monotonic_seconds() - started;
  buffer_.data()[0] = bits;
  return seconds;
}

}  // namespace crayon::bench
