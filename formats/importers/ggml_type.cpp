#include "formats/importers/ggml_type.h"

#include <fmt/format.h>

#include <array>

#include "base/half.h"

namespace crayon::importers {
namespace {

void dequantize_f32(ByteSpan blocks, std::span<float> out) {
  std::memcpy(out.data(), blocks.data(), out.size_bytes());
}

void dequantize_f16(ByteSpan blocks, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = f16_to_f32(load_le<std::uint16_t>(blocks.data() + 2 * i));
  }
}

void dequantize_bf16(ByteSpan blocks, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = bf16_to_f32(load_le<std::uint16_t>(blocks.data() + 2 * i));
  }
}

constexpr std::size_t quant_block = 32;  // elements under one scale, in Q8_0 and Q4_0

// A block: f16 scale, 32 signed bytes.
void dequantize_q8_0(ByteSpan blocks, std::span<float> out) {
  const std::uint8_t* block = blocks.data();
  for (std::size_t start = 0; start < out.size(); start += quant_block) {
    const float scale = f16_to_f32(load_le<std::uint16_t>(block));
    const std::uint8_t* numbers = block + 2;
    for (std::size_t i = 0; i < quant_block; ++i) {
      out[start + i] = static_cast<float>(static_cast<std::int8_t>(numbers[i])) * scale;
    }
    block += 2 + quant_block;
  }
}

// A block: f16 scale, 16 bytes whose low halves are elements 0-15 and high halves 16-31, each
// with 8 added.
void dequantize_q4_0(ByteSpan blocks, std::span<float> out) {
  const std::uint8_t* block = blocks.data();
  for (std::size_t start = 0; start < out.size(); start += quant_block) {
    const float scale = f16_to_f32(load_le<std::uint16_t>(block));
    const std::uint8_t* pairs = block + 2;
    for (std::size_t i = 0; i < quant_block / 2; ++i) {
      out[start + i] = static_cast<float>((pairs[i] & 0x0f) - 8) * scale;
      out[start + i + quant_block / 2] = static_cast<float>((pairs[i] >> 4) - 8) * scale;
    }
    block += 2 + quant_block / 2;
  }
}

constexpr std::array types = {
    GgmlType{0, "F32", 1, 4, dequantize_f32},     GgmlType{1, "F16", 1, 2, dequantize_f16},
    GgmlType{2, "Q4_0", 32, 18, dequantize_q4_0}, GgmlType{3, "Q4_1", 32, 20, nullptr},
    GgmlType{6, "Q5_0", 32, 22, nullptr},         GgmlType{7, "Q5_1", 32, 24, nullptr},
    GgmlType{8, "Q8_0", 32, 34, dequantize_q8_0}, GgmlType{10, "Q2_K", 256, 84, nullptr},
    GgmlType{11, "Q3_K", 256, 110, nullptr},      GgmlType{12, "Q4_K", 256, 144, nullptr},
    GgmlType{13, "Q5_K", 256, 176, nullptr},      GgmlType{14, "Q6_K", 256, 210, nullptr},
    GgmlType{30, "BF16", 1, 2, dequantize_bf16},
};

}  // namespace

const GgmlType* find_ggml_type(std::uint32_t id) {
  for (const GgmlType& type : types) {
    if (type.id == id) {
      return &type;
    }
  }
  return nullptr;
}

std::string ggml_type_name(std::uint32_t id) {
  const GgmlType* type = find_ggml_type(id);
  return type != nullptr ? type->name : fmt::format("type {}", id);
}

std::string readable_ggml_types() {
  std::string names;
  for (const GgmlType& type : types) {
    if (type.dequantize != nullptr) {
      names += names.empty() ? type.name : fmt::format(", {}", type.name);
    }
  }
  return names;
}

}  // namespace crayon::importers
