#pragma once

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
};

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
//   layers.N.attention_norm .mlp_norm [1][dim]
//   (layers.N.attention_norm_bias .mlp_norm_bias .attention_post_norm .mlp_post_norm [1][dim])
//   (layers.N.q_norm .k_norm [1][head_dim])
//   layers.N.q [query_dim][dim]  .k .v [kv_dim][dim]  .o [dim][query_dim]
//   (layers.N.gate) .up [hidden_dim][dim]  .down [dim][hidden_dim]
//   (layers.N.<projection>_bias [1][outputs])
// In an adapter bundle, and behind "adapters.I." in a pool:
//   layers.N.<projection>.lora_a [rank][inputs]   layers.N.<projection>.lora_b [outputs][rank]
//   layers.N.<projection>.lora_directions [experts][inputs], when the adapter has experts
// In a pool besides: indicators [adapters][query_dim], or hidden_indicators [adapters][dim] when
// they are not made of queries: a reader that knows only the former must not take the latter.
inline constexpr std::string_view token_embedding = "token_embedding";
inline constexpr std::string_view position_embedding = "position_embedding";
inline constexpr std::string_view output_norm = "output_norm";
inline constexpr std::string_view output_norm_bias = "output_norm_bias";
inline constexpr std::string_view output_head = "output_head";
std::string_view indicators(Embedding embedding);
/// "layers.N.<name>", where name is one of those above: "attention_norm", "q_norm".
std::string layer_tensor(std::uint32_t layer, std::string_view name);
std::string projection(std::uint32_t layer, Projection which);
std::string projection_bias(std::uint32_t layer, Projection which);
std::string lora_a(std::uint32_t layer, Projection which);
std::string lora_b(std::uint32_t layer, Projection which);
std::string lora_directions(std::uint32_t layer, Projection which);

}  // namespace crayon::formats
