#include "formats/tensor.h"

#include <fmt/format.h>

#include "base/checked.h"

namespace crayon::formats {

const char* dtype_name(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32:
      return "f32";
    case Dtype::f16:
      return "f16";
    case Dtype::i8:
      return "i8";
    case Dtype::i4:
      return "i4";
  }
  return "unknown";
}

std::uint64_t stored_bytes(Dtype dtype, Shape shape, std::string_view name) {
  const std::uint64_t numbers = checked_mul(shape.rows, shape.cols, name);
  switch (dtype) {
    case Dtype::f32:
      return checked_mul(numbers, sizeof(float), name);
    case Dtype::f16:
      return checked_mul(numbers, sizeof(std::uint16_t), name);
    case Dtype::i8:
      return checked_add(numbers, checked_mul(shape.rows, sizeof(float), name), name);
    case Dtype::i4: {
      constexpr std::uint64_t group_bytes = i4_row_bytes(i4_group);
      return checked_mul(shape.rows, checked_mul(i4_groups(shape.cols), group_bytes, name), name);
    }
  }
  return 0;
}

std::string_view indicators(Embedding embedding) {
  return embedding.layer == 0 ? "indicators" : "hidden_indicators";
}

std::string layer_tensor(std::uint32_t layer, std::string_view name) {
  return fmt::format("layers.{}.{}", layer, name);
}

std::string projection(std::uint32_t layer, Projection which) {
  return layer_tensor(layer, projection_name(which));
}

std::string projection_bias(std::uint32_t layer, Projection which) {
  return projection(layer, which) + "_bias";
}

std::string lora_a(std::uint32_t layer, Projection which) {
  return projection(layer, which) + ".lora_a";
}

std::string lora_b(std::uint32_t layer, Projection which) {
  return projection(layer, which) + ".lora_b";
}

std::string lora_directions(std::uint32_t layer, Projection which) {
  return projection(layer, which) + ".lora_directions";
}

}  // namespace crayon::formats
