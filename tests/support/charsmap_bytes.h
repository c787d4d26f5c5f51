#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace crayon::test {

/// A charsmap (formats/charsmap.h) that rewrites each key into its value. Every node's children
/// have a block of 256 units of their own, which wastes room and never collides.
class CharsmapBytes {
 public:
  explicit CharsmapBytes(const std::map<std::string, std::string>& rules) {
    lead_to_block(0, new_block());
    for (const auto& [from, to] : rules) {
      add(from, static_cast<std::uint32_t>(texts_.size()));
      texts_ += to + '\0';
    }
  }

  std::string bytes() const {
    std::string result = number(static_cast<std::uint32_t>(units_.size() * 4));
    for (const std::uint32_t unit : units_) {
      result += number(unit);
    }
    return result + texts_;
  }

 private:
  static constexpr std::uint32_t value_mark = 0x80000000u;

  static std::string number(std::uint32_t value) {
    std::string bytes;
    for (int shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>(value >> shift & 0xff);
    }
    return bytes;
  }

  std::uint32_t new_block() {
    // A unit that nothing leads to has a label that fits no byte.
    units_.resize((units_.size() / 256 + 1) * 256, value_mark);
    return static_cast<std::uint32_t>(units_.size() - 256);
  }

  void lead_to_block(std::uint32_t node, std::uint32_t block) {
    units_[node] = (units_[node] & 0x1ffu) | (node ^ block) << 10;
    blocks_[node] = block;
  }

  void add(const std::string& from, std::uint32_t value) {
    std::uint32_t node = 0;
    for (const char c : from) {
      const auto byte = static_cast<std::uint8_t>(c);
      const std::uint32_t child = blocks_.at(node) ^ byte;
      if (!blocks_.contains(child)) {
        const std::uint32_t block = new_block();
        units_[child] = byte;
        lead_to_block(child, block);
      }
      node = child;
    }
    units_[node] |= 1u << 8;
    units_[blocks_.at(node)] = value_mark | value;
  }

  std::vector<std::uint32_t> units_;
  std::map<std::uint32_t, std::uint32_t> blocks_;  // node -> where its children are
  std::string texts_;
};

inline std::string charsmap_bytes(const std::map<std::string, std::string>& rules) {
  return CharsmapBytes(rules).bytes();
}

}  // namespace crayon::test
