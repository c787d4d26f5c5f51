#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace crayon::train {

/// A Llama-family decoder (Touvron et al. 2023) with grouped queries, as a Hugging Face
/// config.json describes it.
struct Config {
  std::int64_t vocab = 0;
  std::int64_t dim = 0;  ///< width of the residual stream
  std::int64_t layers = 0;
  std::int64_t heads = 0;     ///< query heads
  std::int64_t kv_heads = 0;  ///< divides heads
  std::int64_t head_dim = 0;  ///< even
  std::int64_t hidden = 0;    ///< width of the MLP
  std::int64_t context = 1024;
  double norm_eps = 1e-5;
  double rope_theta = 10000;
  bool tied_head = true;  ///< the output head is the token embedding

  std::int64_t query_dim() const { return heads * head_dim; }
  std::int64_t kv_dim() const { return kv_heads * head_dim; }
  bool operator==(const Config&) const = default;
};

/// Throws bad_argument, naming the field, unless the sizes fit each other.
void check(const Config& config);

/// Reads FOLDER/config.json. Throws architecture for another architecture than
/// LlamaForCausalLM, unsupported for switches that change the computation, malformed for what is
/// not such a file, and what check() does.
Config read_config(const std::filesystem::path& folder);

/// The text of a config.json that transformers and `crayon pack` read.
std::string config_json(const Config& config);

/// Parameters of such a model.
std::int64_t parameters(const Config& config);

}  // namespace crayon::train
