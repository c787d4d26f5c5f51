#include "runtime/tokenizer/prefix_index.h"

#include <algorithm>
#include <tuple>

namespace crayon::tokenizer {

PrefixIndex::PrefixIndex(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.text, a.value) < std::tie(b.text, b.value);
  });
  const auto same = [](const Entry& a, const Entry& b) { return a.text == b.text; };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& [first, last] = by_first_byte_[static_cast<std::uint8_t>(entries_[i].text[0])];
    first = last == 0 ? i : first;
    last = i + 1;
  }
}

PrefixIndex::Range PrefixIndex::narrowed(std::size_t first, std::size_t last, std::size_t at,
                                         std::uint8_t byte) const {
  const auto byte_of = [at](const Entry& e) { return static_cast<std::uint8_t>(e.text[at]); };
  const auto from = entries_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto to = entries_.begin() + static_cast<std::ptrdiff_t>(last);
  const auto low =
      std::partition_point(from, to, [&](const Entry& e) { return byte_of(e) < byte; });
  const auto high =
      std::partition_point(low, to, [&](const Entry& e) { return byte_of(e) == byte; });
  return {static_cast<std::size_t>(low - entries_.begin()),
          static_cast<std::size_t>(high - entries_.begin())};
}

}  // namespace crayon::tokenizer
