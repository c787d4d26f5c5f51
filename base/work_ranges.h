#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace crayon {

/// Numbers from `begin` on, `end` not among them.
struct WorkRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t size() const { return end - begin; }
};

/// What nobody has claimed yet of the numbers [0, count): a range for each of a few owners, who
/// claim from its front, while those who have nothing left claim from the back of others' ranges.
///
/// A range is one atomic word, so a claim is one exchange that succeeds only on numbers that are
/// unclaimed at that moment. What a claimer believed before does not matter, and that makes late
/// claimers harmless: one that wakes up in the midst of another distribution claims from that one.
/// What the numbers mean must hence be read after a claim, never before.
class WorkRanges {
 public:
  explicit WorkRanges(std::size_t owners);

  std::size_t owners() const { return owners_; }

  /// Gives every owner about the same share of [0, count), in order. All that was handed out before
  /// must be claimed. What was written before this call is seen by whoever claims.
  void distribute(std::uint32_t count);

  /// About half of what is left to `owner`, from the front: shares that shrink, so that those who
  /// are done early find something to take until the end. Empty when nothing is left.
  WorkRange claim(std::size_t owner);

  /// The same from the back of the first range behind `thief`'s that has something left.
  WorkRange steal(std::size_t thief);

 private:
  // A cache line each, as an owner's claims should not slow the others down. 128: on some cores
  // lines are fetched in pairs.
  struct alignas(128) Slot {
    std::atomic<std::uint64_t> range{0};  // begin in the upper half, end in the lower
  };

  enum class From { front, back };
  WorkRange take_half(Slot& slot, From side);

  std::size_t owners_;
  std::unique_ptr<Slot[]> slots_;
};

}  // namespace crayon
