#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "formats/tokenizer_data.h"
#include "runtime/tokenizer/pieces.h"

namespace crayon::tokenizer {

/// A stretch of a text that grows by taking in the one after it.
struct Symbol {
  std::uint32_t begin;     ///< byte in the text
  std::uint32_t size;      ///< bytes; 0 once its left neighbour has taken it in
  std::uint32_t previous;  ///< neighbours' indices; Merger::end beyond the first and last
  std::uint32_t next;
  formats::Token token;  ///< or no_token
};

/// What two neighbours would become, and when: lower ranks merge first, of equal ranks the
/// leftmost. No merge where `token` is no_token.
struct MergeRule {
  std::uint32_t rank;
  formats::Token token;
};

/// Byte-pair encoding of one text: a linked list of symbols, and a heap of the merges that could
/// come next. O(n log n) for n symbols. Reused from text to text to keep its memory.
class Merger {
 public:
  static constexpr std::uint32_t end = 0xffffffffu;

  void clear() { symbols_.clear(); }

  /// Appends the symbol of the next `size` bytes from `begin`.
  void add(std::size_t begin, std::size_t size, formats::Token token) {
    const auto index = static_cast<std::uint32_t>(symbols_.size());
    if (index > 0) {
      symbols_.back().next = index;
    }
    symbols_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(size),
                        index > 0 ? index - 1 : end, end, token});
  }

  /// Merges until `rule_for(left symbol, right symbol) -> MergeRule` has no more to offer.
  template <typename RuleFor>
  void merge(const RuleFor& rule_for);

  /// Calls visit(symbol) for the symbols that are left, in the order of the text.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (std::size_t i = 0; i < symbols_.size(); i = symbols_[i].next) {
      visit(symbols_[i]);
    }
  }

 private:
  struct Candidate {
    std::uint64_t order;  // rank, then index of the left symbol
    std::uint32_t size;   // bytes of both
    formats::Token token;
    bool operator<(const Candidate& other) const { return order > other.order; }  // for a min-heap
  };

  /// Offers the merge of `left` with what follows it.
  template <typename RuleFor>
  void offer(std::uint32_t left, const RuleFor& rule_for) {
    const Symbol& symbol = symbols_[left];
    if (symbol.next == end) {
      return;
    }
    const MergeRule rule = rule_for(symbol, symbols_[symbol.next]);
    if (rule.token != no_token) {
      heap_.push_back({std::uint64_t{rule.rank} << 32 | left,
                       symbol.size + symbols_[symbol.next].size, rule.token});
    }
  }

  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

template <typename RuleFor>
void Merger::merge(const RuleFor& rule_for) {
  heap_.clear();
  for (std::uint32_t left = 0; left < symbols_.size(); ++left) {
    offer(left, rule_for);
  }
  std::make_heap(heap_.begin(), heap_.end());
  const auto offer_and_sift = [&](std::uint32_t left) {
    const std::size_t before = heap_.size();
    offer(left, rule_for);
    if (heap_.size() > before) {
      std::push_heap(heap_.begin(), heap_.end());
    }
  };
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate best = heap_.back();
    heap_.pop_back();
    const auto left_index = static_cast<std::uint32_t>(best.order);
    Symbol& left = symbols_[left_index];
    // A symbol and its right neighbour together only ever grow, until the symbol is taken in
    // itself: the same size means that nothing has happened to either since the offer.
    if (left.size == 0 || left.next == end || left.size + symbols_[left.next].size != best.size) {
      continue;
    }
    Symbol& right = symbols_[left.next];
    left.size = best.size;
    left.token = best.token;
    left.next = right.next;
    right.size = 0;
    if (left.next != end) {
      symbols_[left.next].previous = left_index;
      offer_and_sift(left_index);
    }
    if (left.previous != end) {
      offer_and_sift(left.previous);
    }
  }
}

}  // namespace crayon::tokenizer
