#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/embedding.h"

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

/// The linear maps of a layer, in the order of the computation.
enum class Projection : std::uint8_t { q, k, v, o, gate, up, down };
inline constexpr std::array all_projections = {Projection::q,   Projection::k,    Projection::v,
                                               Projection::o,   Projection::gate, Projection::up,
                                               Projection::down};

const char* projection_name(Projection projection);
std::optional<Projection> projection_from_name(std::string_view name);

// Names in a model bundle:
//   token_embedding [vocab][dim]   output_norm [1][dim]   output_head [vocab][dim] (untied only)
//   layers.N.attention_norm [1][dim]     layers.N.mlp_norm [1][dim]
//   layers.N.q [query_dim][dim]  .k .v [kv_dim][dim]  .o [dim][query_dim]
//   layers.N.gate .up [hidden_dim][dim]  .down [dim][hidden_dim]
// In an adapter bundle, and behind "adapters.I." in a pool:
//   layers.N.<projection>.lora_a [rank][inputs]   layers.N.<projection>.lora_b [outputs][rank]
//   layers.N.<projection>.lora_directions [experts][inputs], when the adapter has experts
// In a pool besides: indicators [adapters][query_dim], or hidden_indicators [adapters][dim] when
// they are not made of queries: a reader that knows only the former must not take the latter.
inline constexpr std::string_view token_embedding = "token_embedding";
inline constexpr std::string_view output_norm = "output_norm";
inline constexpr std::string_view output_head = "output_head";
std::string_view indicators(Embedding embedding);
std::string attention_norm(std::uint32_t layer);
std::string mlp_norm(std::uint32_t layer);
std::string projection(std::uint32_t layer, Projection which);
std::string lora_a(std::uint32_t layer, Projection which);
std::string lora_b(std::uint32_t layer, Projection which);
std::string lora_directions(std::uint32_t layer, Projection which);

}  // namespace crayon::formats
