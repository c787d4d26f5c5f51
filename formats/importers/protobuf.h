#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crayon::importers {

/// One field of a message in the wire format of Protocol Buffers, and getters that throw
/// malformed, naming the message and the field's number, when it has another wire type.
class ProtobufField {
 public:
  ProtobufField(std::uint32_t number, const std::string& where) : number_(number), where_(where) {}

  std::uint32_t number() const { return number_; }
  std::int64_t integer() const;
  bool boolean() const { return integer() != 0; }
  float real() const;
  /// Of a string, of bytes and of a nested message; a view into the message.
  std::string_view bytes() const;

 private:
  friend class ProtobufReader;
  enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  void require(WireType type) const;

  std::uint32_t number_;
  const std::string& where_;
  WireType type_ = WireType::varint;
  std::uint64_t value_ = 0;  // of a varint, or the bits of a fixed number
  std::string_view bytes_;
};

/// Reads the fields of a message front to back. Groups, which nothing writes any more, are
/// refused, so that nothing nests but by bytes().
class ProtobufReader {
 public:
  /// `where` names the message in errors; it and `message` must outlive the reader.
  ProtobufReader(std::string_view message, const std::string& where)
      : message_(message), where_(where) {}

  bool at_end() const { return position_ == message_.size(); }
  /// Throws malformed for what is no field, truncated for one that ends behind the message.
  ProtobufField next();

 private:
  std::uint64_t read_varint();
  std::string_view read(std::uint64_t size);

  std::string_view message_;
  const std::string& where_;
  std::size_t position_ = 0;
};

}  // namespace crayon::importers
