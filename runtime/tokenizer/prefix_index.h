#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace crayon::tokenizer {

/// Finds which of many texts another text begins with. They are sorted, so those that agree with
/// it so far lie side by side, and each of its bytes narrows them down: O(log n) a byte, and 24
/// bytes of memory a text.
class PrefixIndex {
 public:
  struct Entry {
    std::string_view text;  ///< not empty; not owned
    std::uint32_t value;
  };

  /// Of two entries with one text, the lower value stays.
  explicit PrefixIndex(std::vector<Entry> entries);

  /// Calls visit(value, size) for every entry that `text` begins with, the shortest first.
  template <typename Visit>
  void for_each(std::string_view text, const Visit& visit) const {
    auto [first, last] = by_first_byte_[static_cast<std::uint8_t>(text[0])];
    for (std::size_t size = 1; first < last; ++size) {
      // The one that ends here, if any, is the first.
      if (entries_[first].text.size() == size) {
        visit(entries_[first].value, size);
        ++first;
      }
      if (size == text.size()) {
        break;
      }
      std::tie(first, last) = narrowed(first, last, size, static_cast<std::uint8_t>(text[size]));
    }
  }

 private:
  using Range = std::pair<std::size_t, std::size_t>;  // of entries_: [first, last)

  /// Of entries longer than `at`, those whose byte there is `byte`.
  Range narrowed(std::size_t first, std::size_t last, std::size_t at, std::uint8_t byte) const;

  std::vector<Entry> entries_;                 // sorted by text
  std::array<Range, 256> by_first_byte_ = {};  // [first byte] -> entries that begin with it
};

}  // namespace crayon::tokenizer
