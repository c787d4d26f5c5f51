#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace crayon::formats {

/// A set of numbers below 2^32 - 1, found by what they stand for. The keys stay with the caller,
/// so that a vocabulary of 256 k pieces costs 2 MiB, not a node and a copy a piece. Open
/// addressing with linear probing, at most half full.
class HashIndex {
 public:
  static constexpr std::uint32_t none = 0xffffffffu;

  explicit HashIndex(std::size_t capacity) : slots_(std::bit_ceil(2 * capacity + 1), none) {}

  /// The number whose key is sought, or `none`. `matches(number)` compares with its key.
  template <typename Matches>
  std::uint32_t find(std::size_t hash, const Matches& matches) const {
    return slots_[slot_of(hash, matches)];
  }

  /// Adds a number unless one with the same key is there: the first one stays.
  template <typename Matches>
  void insert(std::size_t hash, std::uint32_t number, const Matches& matches) {
    std::uint32_t& slot = slots_[slot_of(hash, matches)];
    if (slot == none) {
      slot = number;
    }
  }

 private:
  template <typename Matches>
  std::size_t slot_of(std::size_t hash, const Matches& matches) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash & mask;
    while (slots_[slot] != none && !matches(slots_[slot])) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  std::vector<std::uint32_t> slots_;
};

}  // namespace crayon::formats
