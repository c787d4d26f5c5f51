#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace crayon::context {

/// Which entries of one head stay. Entries are taken until as many as wanted are; what is taken
/// stays in its order.
class Selection {
 public:
  /// Nothing is taken of `count` entries but the first `pinned`; `keep` are wanted, pinned ones
  /// included. pinned <= keep <= count.
  void begin(std::uint32_t count, std::uint32_t pinned, std::uint32_t keep);

  std::uint32_t count() const { return static_cast<std::uint32_t>(taken_.size()); }
  /// How many are wanted still.
  std::uint32_t left() const { return left_; }

  // Each takes at most `most` of those that are not taken yet, and no more than left().
  void take_first(std::uint32_t most);
  void take_last(std::uint32_t most);
  /// Those of the largest scores [count]; of equal ones the earliest. A NaN is the least of all.
  void take_best(std::span<const float> scores, std::uint32_t most);

  /// The entries that are taken, ascending; valid until the next call.
  std::span<const std::uint32_t> taken();

 private:
  void take(std::uint32_t entry);

  std::vector<std::uint8_t> taken_;  // [count]
  std::uint32_t left_ = 0;
  std::vector<std::uint32_t> entries_;  // scratch
};

}  // namespace crayon::context
