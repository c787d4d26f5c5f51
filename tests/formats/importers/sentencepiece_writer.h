#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace crayon::test {

/// A message in the wire format of Protocol Buffers.
class ProtobufWriter {
 public:
  ProtobufWriter& integer(std::uint32_t field, std::int64_t value) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  ProtobufWriter& real(std::uint32_t field, float value) {
    key(field, 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes_ += static_cast<char>(bits >> shift & 0xffu);
    }
    return *this;
  }
  ProtobufWriter& text(std::uint32_t field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(std::uint32_t field, std::uint32_t type) { varint(std::uint64_t{field} << 3 | type); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      bytes_ += static_cast<char>(value | 0x80u);
    }
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

inline std::string sentencepiece_piece(std::string_view piece, float score, std::int64_t type) {
  ProtobufWriter message;
  message.text(1, piece).real(2, score);
  if (type != 1) {
    message.integer(3, type);
  }
  return message.bytes();
}

/// <unk> <s> </s> <u> <0x41> ▁a b, in the order and with the types of SentencePiece.
inline ProtobufWriter sentencepiece_pieces() {
  ProtobufWriter model;
  model.text(1, sentencepiece_piece("<unk>", 0, 2)).text(1, sentencepiece_piece("<s>", 0, 3));
  model.text(1, sentencepiece_piece("</s>", 0, 3)).text(1, sentencepiece_piece("<u>", 0, 4));
  model.text(1, sentencepiece_piece("<0x41>", 0, 6));
  model.text(1, sentencepiece_piece("\u2581a", -1.5f, 1)).text(1, sentencepiece_piece("b", -2, 1));
  return model;
}

}  // namespace crayon::test
