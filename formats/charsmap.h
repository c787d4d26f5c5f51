#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace crayon::formats {

/// SentencePiece's precompiled_charsmap: which sequences of characters a normalizer such as
/// nmt_nfkc rewrites, and into what. All numbers are little-endian:
///
///     u32               bytes of the trie, a multiple of 4
///     u32[...]          a double-array trie over the bytes of what is rewritten
///     text NUL text ... what it becomes; the trie's values are offsets into these texts
///
/// A unit of the trie (Darts-clone) is 9 bits of label and leaf mark, one bit that says how the
/// next 22 are scaled, and an offset; a unit whose highest bit is set is a value.
class Charsmap {
 public:
  /// Keeps a view of `bytes`. Throws corrupt for sizes that contradict each other, and for texts
  /// without an end or of more than 256 bytes; the longest of Unicode's has 33.
  explicit Charsmap(std::string_view bytes);

  struct Rule {
    std::size_t size = 0;   ///< bytes that are rewritten; 0: no rule fits
    std::string_view text;  ///< what they become
  };

  /// The rule for the longest sequence of at most 256 bytes at the front of `text`. The trie's
  /// numbers, which a file chooses, are checked on the way: one that leads out of it ends the
  /// search.
  Rule longest_at(std::string_view text) const;

 private:
  std::uint32_t unit(std::size_t index) const;

  std::string_view trie_;   // 4 bytes a unit
  std::string_view texts_;  // ends in NUL, or is empty
};

}  // namespace crayon::formats
