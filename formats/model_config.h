#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace crayon::formats {

enum class RopeScaling : std::uint8_t { none, linear, llama3 };

/// A decoder-only transformer as data: what an importer fills in, the bundle stores and the
/// runtime follows. Queries and keys are always in the half-split RoPE order; importers permute
/// the rows of sources that interleave the pairs.
struct ModelConfig {
  std::string architecture;  ///< as the source names it: "llama"
  std::uint32_t vocab_size = 0;
  std::uint32_t dim = 0;  ///< width of the residual stream
  std::uint32_t layers = 0;
  std::uint32_t heads = 0;        ///< query heads
  std::uint32_t kv_heads = 0;     ///< divides heads
  std::uint32_t head_dim = 0;     ///< even
  std::uint32_t hidden_dim = 0;   ///< width of the MLP
  std::uint32_t max_context = 0;  ///< positions that the model was trained for
  float norm_eps = 1e-5f;
  float rope_theta = 10000.0f;
  RopeScaling rope_scaling = RopeScaling::none;
  float rope_factor = 1.0f;                 ///< linear, llama3
  float rope_low_freq_factor = 1.0f;        ///< llama3
  float rope_high_freq_factor = 4.0f;       ///< llama3
  std::uint32_t rope_original_context = 0;  ///< llama3
  bool tied_head = false;                   ///< the output head is the token embedding

  std::uint32_t query_dim() const { return heads * head_dim; }
  std::uint32_t kv_dim() const { return kv_heads * head_dim; }

  bool operator==(const ModelConfig&) const = default;
};

/// Throws corrupt, naming the field, unless every size is in range and they fit each other.
void check(const ModelConfig& config);

}  // namespace crayon::formats
