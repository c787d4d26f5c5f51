#include "formats/charsmap.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

constexpr std::size_t unit_bytes = 4;
constexpr std::size_t max_rule_bytes = 256;  // of both sides; else a file could make us crawl
constexpr std::uint32_t value_mark = 0x80000000u;

std::uint32_t load(std::string_view bytes) {
  return load_le<std::uint32_t>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

// The four things that a unit's bits say.

bool has_value(std::uint32_t unit) {
  return (unit >> 8 & 1u) != 0;
}

/// Never the label of a byte when the unit is a value.
std::uint32_t label(std::uint32_t unit) {
  return unit & (value_mark | 0xffu);
}

std::uint32_t offset(std::uint32_t unit) {
  return (unit >> 10) << ((unit >> 9 & 1u) * 8u);
}

std::uint32_t value(std::uint32_t unit) {
  return unit & ~value_mark;
}

}  // namespace

Charsmap::Charsmap(std::string_view bytes) {
  if (bytes.size() < unit_bytes) {
    fail(Code::corrupt, "size", fmt::format("{} bytes are too few", bytes.size()));
  }
  const std::size_t trie_bytes = load(bytes);
  bytes.remove_prefix(unit_bytes);
  if (trie_bytes == 0 || trie_bytes % unit_bytes != 0 || trie_bytes > bytes.size()) {
    fail(Code::corrupt, "trie",
         fmt::format("{} bytes, of which there are {}, are no trie", trie_bytes, bytes.size()));
  }
  trie_ = bytes.substr(0, trie_bytes);
  texts_ = bytes.substr(trie_bytes);
  if (!texts_.empty() && texts_.back() != '\0') {
    fail(Code::corrupt, "texts", "the last one has no end");
  }
  for (std::size_t begin = 0; begin < texts_.size();) {
    const std::size_t end = texts_.find('\0', begin);
    if (end - begin > max_rule_bytes) {
      fail(Code::corrupt, "texts", fmt::format("{} bytes at {} are too many", end - begin, begin));
    }
    begin = end + 1;
  }
}

std::uint32_t Charsmap::unit(std::size_t index) const {
  return load(trie_.substr(index * unit_bytes, unit_bytes));
}

Charsmap::Rule Charsmap::longest_at(std::string_view text) const {
  const std::size_t units = trie_.size() / unit_bytes;
  text = text.substr(0, max_rule_bytes);
  Rule longest;
  std::size_t node = offset(unit(0));
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    node ^= byte;
    if (node >= units || label(unit(node)) != byte) {
      break;
    }
    const std::uint32_t current = unit(node);
    node ^= offset(current);
    if (has_value(current) && node < units) {
      const std::size_t begin = value(unit(node));
      if (begin < texts_.size()) {
        longest = {i + 1, texts_.substr(begin, texts_.find('\0', begin) - begin)};
      }
    }
  }
  return longest;
}

}  // namespace crayon::formats
