#include "base/work_ranges.h"

namespace crayon {
namespace {

std::uint64_t word_of(WorkRange range) {
  return std::uint64_t{range.begin} << 32 | range.end;
}

WorkRange range_of(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
}

}  // namespace

WorkRanges::WorkRanges(std::size_t owners) : owners_(owners), slots_(new Slot[owners]) {}

void WorkRanges::distribute(std::uint32_t count) {
  std::uint32_t begin = 0;
  for (std::size_t owner = 0; owner < owners_; ++owner) {
    const auto end = static_cast<std::uint32_t>(std::uint64_t{count} * (owner + 1) / owners_);
    slots_[owner].range.store(word_of({begin, end}), std::memory_order_release);
    begin = end;
  }
}

WorkRange WorkRanges::claim(std::size_t owner) {
  return take_half(slots_[owner], From::front);
}

WorkRange WorkRanges::steal(std::size_t thief) {
  for (std::size_t step = 1; step < owners_; ++step) {
    const WorkRange stolen = take_half(slots_[(thief + step) % owners_], From::back);
    if (stolen.size() != 0) {
      return stolen;
    }
  }
  return {};
}

WorkRange WorkRanges::take_half(Slot& slot, From side) {
  std::uint64_t word = slot.range.load(std::memory_order_relaxed);
  while (true) {
    const WorkRange left = range_of(word);
    if (left.size() == 0) {
      return {};
    }
    const std::uint32_t half = left.size() - left.size() / 2;
    const WorkRange taken = side == From::front ? WorkRange{left.begin, left.begin + half}
                                                : WorkRange{left.end - half, left.end};
    const WorkRange rest =
        side == From::front ? WorkRange{taken.end, left.end} : WorkRange{left.begin, taken.begin};
    // acquire: what the numbers mean was written before they were distributed.
    if (slot.range.compare_exchange_weak(word, word_of(rest), std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
      return taken;
    }
  }
}

}  // namespace crayon
