#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/model_config.h"

namespace crayon::formats {

/// What of the base model stands for a prompt when prompts are compared, as a vector of length 1.
struct Embedding {
  std::uint32_t layer =
      0;              ///< 0: the first layer's queries; L: the residual stream behind L layers
  bool last = false;  ///< at the prompt's last token, instead of the mean over its tokens

  /// Throws corrupt, naming the field `embedding`, unless the model has so many layers.
  void check(const ModelConfig& config) const;
  /// Numbers of such a vector.
  std::uint32_t dim(const ModelConfig& config) const;

  bool operator==(const Embedding&) const = default;
};

/// "query-mean" (before RoPE, heads side by side: the Crayon paper's), "hidden-L-mean" or
/// "hidden-L-last", without the final norm.
std::string embedding_name(Embedding embedding);
/// The inverse. Throws unsupported for another name.
Embedding parse_embedding(std::string_view name);

/// What an adapter was blended for.
struct Scope {
  Embedding embedding;
  std::vector<float> centre;  ///< mean of the examples' embeddings, of length 1
};

}  // namespace crayon::formats
