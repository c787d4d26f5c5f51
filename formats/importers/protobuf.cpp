#include "formats/importers/protobuf.h"

#include <fmt/format.h>

#include <bit>
#include <limits>

#include "base/bytes.h"
#include "base/error.h"

namespace crayon::importers {
namespace {

constexpr const char* hint = "copy or download the file again";

template <typename T>
T load(std::string_view bytes) {
  return load_le<T>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

}  // namespace

void ProtobufField::require(WireType type) const {
  if (type_ != type) {
    throw Error(Code::malformed,
                fmt::format("{}: field {} has the wire type {} instead of {}", where_, number_,
                            static_cast<int>(type_), static_cast<int>(type)),
                hint);
  }
}

std::int64_t ProtobufField::integer() const {
  require(WireType::varint);
  return static_cast<std::int64_t>(value_);
}

float ProtobufField::real() const {
  require(WireType::fixed32);
  return std::bit_cast<float>(static_cast<std::uint32_t>(value_));
}

std::string_view ProtobufField::bytes() const {
  require(WireType::bytes);
  return bytes_;
}

std::string_view ProtobufReader::read(std::uint64_t size) {
  if (size > message_.size() - position_) {
    throw Error(Code::truncated,
                fmt::format("{}: {} bytes at byte {} go beyond the end", where_, size, position_),
                hint);
  }
  const std::string_view bytes = message_.substr(position_, size);
  position_ += size;
  return bytes;
}

std::uint64_t ProtobufReader::read_varint() {
  constexpr int most_bits = 64;
  std::uint64_t value = 0;
  for (int shift = 0; shift < most_bits; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(read(1)[0]);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  throw Error(Code::malformed,
              fmt::format("{}: the number that ends at byte {} is too long", where_, position_),
              hint);
}

ProtobufField ProtobufReader::next() {
  const std::size_t begin = position_;
  const std::uint64_t key = read_varint();
  const std::uint64_t number = key >> 3;
  if (number == 0 || number > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(Code::malformed, fmt::format("{}: byte {} begins no field", where_, begin), hint);
  }
  ProtobufField field(static_cast<std::uint32_t>(number), where_);
  using WireType = ProtobufField::WireType;
  field.type_ = static_cast<WireType>(key & 7u);
  switch (field.type_) {
    case WireType::varint:
      field.value_ = read_varint();
      return field;
    case WireType::fixed64:
      field.value_ = load<std::uint64_t>(read(sizeof(std::uint64_t)));
      return field;
    case WireType::bytes:
      field.bytes_ = read(read_varint());
      return field;
    case WireType::fixed32:
      field.value_ = load<std::uint32_t>(read(sizeof(std::uint32_t)));
      return field;
  }
  throw Error(Code::malformed,
              fmt::format("{}: field {} has the wire type {}, which is not known", where_, number,
                          key & 7u),
              hint);
}

}  // namespace crayon::importers
