#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/projection.h"

namespace crayon::formats {

/// `rms`: Zhang, Sennrich 2019. `layer`: Ba et al. 2016, with a bias.
enum class Norm : std::uint8_t { rms, layer };

/// `silu`: Elfwing et al. 2017. Forms of GELU (Hendrycks, Gimpel 2016): `gelu_tanh` with tanh,
/// `gelu_quick` x sigmoid(1.702 x), `gelu_erf` the exact one.
enum class Activation : std::uint8_t { silu, gelu_tanh, gelu_quick, gelu_erf };

/// `rope`: queries and keys turn (Su et al. 2021). `learned`: a row of a table is added to each
/// token's embedding.
enum class Positions : std::uint8_t { rope, learned };

/// How RoPE's frequencies change for contexts beyond those of the first training: `linear` Chen
/// et al. 2023, `llama3` Llama 3.1, `yarn` Peng et al. 2023, `longrope` Ding et al. 2024.
enum class RopeScaling : std::uint8_t { none, linear, llama3, yarn, longrope };

/// A transformer as data: what an importer fills in, the bundle stores and the runtime follows.
/// The defaults are those of Llama; each architecture is a set of differences. An encoder's tower
/// is one, too: it ends in an embedding and not in logits, and may read an image and not tokens.
/// Queries and keys are always in the half-split RoPE order; importers permute the rows of
/// sources that interleave the pairs. Norm weights are factors; importers add the 1 that some
/// sources leave out.
struct ModelConfig {
  std::string architecture;      ///< as the source names it, for people: "llama"
  std::uint32_t vocab_size = 0;  ///< 0 where it reads an image
  std::uint32_t dim = 0;         ///< width of the residual stream
  std::uint32_t layers = 0;
  std::uint32_t heads = 0;        ///< query heads
  std::uint32_t kv_heads = 0;     ///< divides heads
  std::uint32_t head_dim = 0;     ///< even, when positions are RoPE's
  std::uint32_t hidden_dim = 0;   ///< width of the MLP
  std::uint32_t max_context = 0;  ///< positions that the model was trained for
  bool tied_head = false;         ///< the output head is the token embedding

  Norm norm = Norm::rms;
  float norm_eps = 1e-5f;
  bool post_norms = false;  ///< what a block adds to the residual stream is normalised, too
  bool qk_norm = false;     ///< each head's query and key are normalised, before RoPE

  Activation activation = Activation::silu;
  bool gated = true;        ///< MLP: activation(gate) * up; otherwise activation(up), no gate
  std::uint8_t biases = 0;  ///< bit 1 << p: projection p adds a bias

  float embedding_scale = 1.0f;     ///< factor of the token embedding
  float attention_scale = 0.0f;     ///< factor of q.k; 0: 1 / sqrt(head_dim)
  float attention_softcap = 0.0f;   ///< c: scores become c * tanh(score / c); 0: none
  float logit_softcap = 0.0f;       ///< the same for logits
  std::uint32_t window = 0;         ///< positions that windowed layers see, itself included; 0: all
  std::vector<bool> windowed = {};  ///< [layers], which see only a window; empty: none
  std::vector<bool> unrotated = {};  ///< [layers], which have no RoPE; empty: none

  Positions positions = Positions::rope;
  std::uint32_t rope_dim = 0;  ///< numbers of a head that turn, the first ones; even; 0: all
  float rope_theta = 10000.0f;
  float rope_window_theta = 0.0f;  ///< theta of windowed layers, without scaling; 0: as the others
  RopeScaling rope_scaling = RopeScaling::none;
  float rope_factor = 1.0f;                    ///< linear, llama3, yarn
  float rope_low_freq_factor = 1.0f;           ///< llama3
  float rope_high_freq_factor = 4.0f;          ///< llama3
  std::uint32_t rope_original_context = 0;     ///< llama3, yarn, longrope
  float rope_beta_fast = 32.0f;                ///< yarn: turns in the original context above
                                               ///< which a frequency stays
  float rope_beta_slow = 1.0f;                 ///< yarn: turns below which it is stretched
  float rope_magnitude = 1.0f;                 ///< yarn, longrope: factor of cosines and sines
  std::vector<float> rope_short_factors = {};  ///< longrope: divisors of the frequencies
                                               ///< [rope_dim / 2] in the original context
  std::vector<float> rope_long_factors = {};   ///< longrope: those beyond it

  bool causal = true;            ///< a token sees what stands before it; otherwise it sees all
  bool input_norm = false;       ///< what enters the first layer is normalised
  std::uint32_t output_dim = 0;  ///< of an encoder's tower: width of its embedding; 0: logits
  std::uint32_t image_size = 0;  ///< pixels of a side of the image that it reads; 0: tokens
  std::uint32_t patch_size = 0;  ///< pixels of a side of a patch, which stands for a token

  bool smoothed = false;       ///< channel scales were folded into it (formats/smoothing.h)
  bool static_ranges = false;  ///< what the projections read has ranges that were chosen when it
                               ///< was packed (formats/activation_ranges.h), if it is read in int8

  std::uint32_t query_dim() const { return heads * head_dim; }
  std::uint32_t kv_dim() const { return kv_heads * head_dim; }
  bool is_encoder() const { return output_dim != 0; }
  bool reads_image() const { return image_size != 0; }
  /// Numbers of a patch: three colours.
  std::uint32_t patch_dim() const { return 3 * patch_size * patch_size; }
  /// Of the image, besides which there is the class token.
  std::uint32_t patches() const {
    const std::uint32_t side = image_size / patch_size;
    return side * side;
  }
  /// Numbers of a head that RoPE turns.
  std::uint32_t rotated_dim() const { return rope_dim == 0 ? head_dim : rope_dim; }
  bool has(Projection which) const { return gated || which != Projection::gate; }
  bool has_bias(Projection which) const {
    return (biases >> static_cast<unsigned>(which) & 1u) != 0;
  }
  void add_bias(Projection which) {
    biases = static_cast<std::uint8_t>(biases | 1u << static_cast<unsigned>(which));
  }
  bool is_windowed(std::uint32_t layer) const { return !windowed.empty() && windowed[layer]; }
  bool is_rotated(std::uint32_t layer) const {
    return positions == Positions::rope && (unrotated.empty() || !unrotated[layer]);
  }

  bool operator==(const ModelConfig&) const = default;
};

/// Throws corrupt, naming the field, unless every size is in range and they fit each other.
void check(const ModelConfig& config);

}  // namespace crayon::formats
