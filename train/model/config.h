#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "train/model/projection.h"

namespace crayon::train {

/// What a decoder is built like. `llama`: Touvron et al. 2023, with grouped queries. `gpt2`:
/// Radford et al. 2019. `gpt_neo`: Black et al. 2021, a GPT-2 whose scores are not scaled, whose
/// queries, keys and values have no biases, and some of whose layers see only a window.
enum class Family : std::uint8_t { llama, gpt2, gpt_neo };

/// A decoder's shape, as a Hugging Face config.json describes it.
struct Config {
  Family family = Family::llama;
  std::int64_t vocab = 0;
  std::int64_t dim = 0;  ///< width of the residual stream
  std::int64_t layers = 0;
  std::int64_t heads = 0;     ///< query heads
  std::int64_t kv_heads = 0;  ///< divides heads
  std::int64_t head_dim = 0;  ///< even, when positions are RoPE's
  std::int64_t hidden = 0;    ///< width of the MLP
  std::int64_t context = 1024;
  double norm_eps = 1e-5;
  double rope_theta = 10000;
  bool tied_head = true;                   ///< the output head is the token embedding
  std::vector<std::int64_t> windows = {};  ///< [layers] positions that a layer sees, itself
                                           ///< included, 0: all; empty: all layers see all
  std::int64_t bos = 1;                    ///< ids that config.json names
  std::int64_t eos = 2;

  std::int64_t query_dim() const { return heads * head_dim; }
  std::int64_t kv_dim() const { return kv_heads * head_dim; }

  /// LayerNorm with a bias (Ba et al. 2016), else RMSNorm (Zhang, Sennrich 2019).
  bool layer_norm() const { return family != Family::llama; }
  /// Rows of a table are added to the embeddings, else RoPE turns queries and keys.
  bool learned_positions() const { return family != Family::llama; }
  /// MLP: down(silu(gate) * up), else down(gelu(up)).
  bool gated() const { return family == Family::llama; }
  bool has_bias(Projection which) const;
  /// The linear maps of a layer, in the order of the enumeration.
  std::span<const Projection> projections() const;
  /// Factor of q.k.
  double attention_scale() const;
  /// Positions that a layer sees, itself included; 0: all.
  std::int64_t window(std::size_t layer) const { return windows.empty() ? 0 : windows[layer]; }

  bool operator==(const Config&) const = default;
};

/// Rows and columns of a matrix.
struct Size {
  std::int64_t outputs;
  std::int64_t inputs;
};
Size size_of(const Config& config, Projection which);

/// Throws bad_argument, naming the field, unless the sizes fit each other and the family.
void check(const Config& config);

/// Reads FOLDER/config.json. Throws architecture for an architecture that is not trained here,
/// unsupported for switches that change the computation, malformed for what is not such a file,
/// and what check() does.
Config read_config(const std::filesystem::path& folder);

/// The text of a config.json that transformers and `crayon pack` read.
std::string config_json(const Config& config);

/// Parameters of such a model.
std::int64_t parameters(const Config& config);

}  // namespace crayon::train
