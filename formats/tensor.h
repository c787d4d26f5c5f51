#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "formats/embedding.h"
#include "formats/projection.h"

namespace crayon::formats {

/// How numbers are stored in a bundle. The values are those of the file format.
enum class Dtype : std::uint8_t {
  f32 = 0,
  f16 = 1,
  i8 = 2,  ///< symmetric, one f32 scale a row, kept behind the numbers: rows*cols bytes, rows*4
           ///< bytes
  i4 = 3,  ///< -8..7, one f16 scale for 32 inputs of a row: rows*i4_row_bytes(cols)
};

/// Inputs of a row that share a scale in i4; a row is padded to whole groups with zeros.
inline constexpr std::size_t i4_group = 32;

/// Of one row of i4: first its nibbles, 16 bytes a group, of which byte j holds input j in its low
/// and input j + 16 in its high nibble, each as the number + 8; then its scales, 2 bytes a group.
constexpr std::uint64_t i4_groups(std::uint64_t cols) {
  return cols / i4_group + (cols % i4_group != 0 ? 1 : 0);
}
constexpr std::uint64_t i4_nibble_bytes(std::uint64_t cols) {
  return i4_groups(cols) * (i4_group / 2);
}
/// For cols that a tensor in a bundle can have: below 2^59.
constexpr std::uint64_t i4_row_bytes(std::uint64_t cols) {
  return i4_nibble_bytes(cols) + i4_groups(cols) * sizeof(std::uint16_t);
}

const char* dtype_name(Dtype dtype);

/// A tensor is a matrix [rows][cols], row-major; a vector is one row.
struct Shape {
  std::uint64_t rows = 1;
  std::uint64_t cols = 0;
  bool operator==(const Shape&) const = default;
};

/// Bytes that a tensor takes in the data frames. Throws corrupt, naming the tensor, when they do
/// not fit 64 bits.
std::uint64_t stored_bytes(Dtype dtype, Shape shape, std::string_view name);

// Names in a model bundle; ModelConfig says which of those in brackets are there:
//   token_embedding [vocab][dim]   (position_embedding [max_context][dim])
//   output_norm [1][dim]   (output_norm_bias [1][dim])   (output_head [vocab][dim])
//   (patch_embedding [dim][3 * patch_size * patch_size]   class_embedding [1][dim])
//   (input_norm input_norm_bias [1][dim])   (output_projection [output_dim][dim])
//   layers.N.attention_norm .mlp_norm [1][dim]
//   (layers.N.attention_norm_bias .mlp_norm_bias .attention_post_norm .mlp_post_norm [1][dim])
//   (layers.N.q_norm .k_norm [1][head_dim])
//   layers.N.q [query_dim][dim]  .k .v [kv_dim][dim]  .o [dim][query_dim]
//   (layers.N.gate) .up [hidden_dim][dim]  .down [dim][hidden_dim]
//   (layers.N.<projection>_bias [1][outputs])
//   (layers.N.qkv_scales .gate_up_scales [1][dim]  .o_scales [1][kv_dim]
//    (.down_scales [1][hidden_dim]): formats/smoothing.h)
//   (layers.N.activation_ranges [1][4]: formats/activation_ranges.h)
// An encoder bundle has its text tower's under these names, and its image tower's behind "image.".
// In a gallery bundle: embeddings [images][output_dim].
// In an adapter bundle, and behind "adapters.I." in a pool:
//   layers.N.<projection>.lora_a [rank][inputs]   layers.N.<projection>.lora_b [outputs][rank]
//   layers.N.<projection>.lora_directions [experts][inputs], when the adapter has experts
// In a pool besides: indicators [adapters][query_dim], or hidden_indicators [adapters][dim] when
// they are not made of queries: a reader that knows only the former must not take the latter.
inline constexpr std::string_view token_embedding = "token_embedding";
inline constexpr std::string_view position_embedding = "position_embedding";
inline constexpr std::string_view patch_embedding = "patch_embedding";
inline constexpr std::string_view class_embedding = "class_embedding";
inline constexpr std::string_view input_norm = "input_norm";
inline constexpr std::string_view output_projection = "output_projection";
inline constexpr std::string_view image_prefix = "image.";
inline constexpr std::string_view embeddings = "embeddings";
inline constexpr std::string_view output_norm = "output_norm";
inline constexpr std::string_view output_norm_bias = "output_norm_bias";
inline constexpr std::string_view output_head = "output_head";
inline constexpr std::string_view qkv_scales = "qkv_scales";
inline constexpr std::string_view o_scales = "o_scales";
inline constexpr std::string_view gate_up_scales = "gate_up_scales";
inline constexpr std::string_view down_scales = "down_scales";
inline constexpr std::string_view activation_ranges = "activation_ranges";
std::string_view indicators(Embedding embedding);
/// "layers.N.<name>", where name is one of those above: "attention_norm", "q_norm".
std::string layer_tensor(std::uint32_t layer, std::string_view name);
std::string projection(std::uint32_t layer, Projection which);
std::string projection_bias(std::uint32_t layer, Projection which);
std::string lora_a(std::uint32_t layer, Projection which);
std::string lora_b(std::uint32_t layer, Projection which);
std::string lora_directions(std::uint32_t layer, Projection which);

}  // namespace crayon::formats
