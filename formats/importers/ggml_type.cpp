#include "formats/importers/ggml_type.h"

#include <fmt/format.h>

#include <array>

#include "base/half.h"
#include "formats/importers/ggml_blocks.h"

namespace crayon::importers {
namespace {

void dequantize_f32(ByteSpan blocks, std::span<float> out) {
  std::memcpy(out.data(), blocks.data(), out.size_bytes());
}

void dequantize_f16(ByteSpan blocks, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = load_f16(blocks.data() + 2 * i);
  }
}

void dequantize_bf16(ByteSpan blocks, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = bf16_to_f32(load_le<std::uint16_t>(blocks.data() + 2 * i));
  }
}

// Those that no function stands behind are known by name, to be refused by it.
constexpr std::array types = {
    GgmlType{0, "F32", 1, 4, dequantize_f32},
    GgmlType{1, "F16", 1, 2, dequantize_f16},
    GgmlType{2, "Q4_0", 32, 18, dequantize_q4_0},
    GgmlType{3, "Q4_1", 32, 20, dequantize_q4_1},
    GgmlType{6, "Q5_0", 32, 22, dequantize_q5_0},
    GgmlType{7, "Q5_1", 32, 24, dequantize_q5_1},
    GgmlType{8, "Q8_0", 32, 34, dequantize_q8_0},
    GgmlType{9, "Q8_1", 32, 36, nullptr},
    GgmlType{10, "Q2_K", 256, 84, dequantize_q2_k},
    GgmlType{11, "Q3_K", 256, 110, dequantize_q3_k},
    GgmlType{12, "Q4_K", 256, 144, dequantize_q4_k},
    GgmlType{13, "Q5_K", 256, 176, dequantize_q5_k},
    GgmlType{14, "Q6_K", 256, 210, dequantize_q6_k},
    GgmlType{15, "Q8_K", 256, 292, nullptr},
    GgmlType{16, "IQ2_XXS", 256, 66, nullptr},
    GgmlType{17, "IQ2_XS", 256, 74, nullptr},
    GgmlType{18, "IQ3_XXS", 256, 98, nullptr},
    GgmlType{19, "IQ1_S", 256, 50, nullptr},
    GgmlType{20, "IQ4_NL", 32, 18, dequantize_iq4_nl},
    GgmlType{21, "IQ3_S", 256, 110, nullptr},
    GgmlType{22, "IQ2_S", 256, 82, nullptr},
    GgmlType{23, "IQ4_XS", 256, 136, dequantize_iq4_xs},
    GgmlType{24, "I8", 1, 1, nullptr},
    GgmlType{25, "I16", 1, 2, nullptr},
    GgmlType{26, "I32", 1, 4, nullptr},
    GgmlType{27, "I64", 1, 8, nullptr},
    GgmlType{28, "F64", 1, 8, nullptr},
    GgmlType{29, "IQ1_M", 256, 56, nullptr},
    GgmlType{30, "BF16", 1, 2, dequantize_bf16},
    GgmlType{34, "TQ1_0", 256, 54, nullptr},
    GgmlType{35, "TQ2_0", 256, 66, nullptr},
    GgmlType{39, "MXFP4", 32, 17, nullptr},
    GgmlType{40, "NVFP4", 64, 36, nullptr},
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
