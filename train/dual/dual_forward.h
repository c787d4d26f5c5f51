#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

#include "train/dual/dual_encoder.h"
#include "train/scenes/picture.h"

namespace crayon::train {

/// Texts as tokens, padded on the right with their last token: attention is causal.
struct TextBatch {
  torch::Tensor ids;   ///< int64 [texts][time]
  torch::Tensor ends;  ///< int64 [texts]: where the last token of each stands
};

/// Throws bad_argument for no text, for one without tokens, or one longer than `context`.
TextBatch make_text_batch(const std::vector<std::vector<std::int32_t>>& texts,
                          std::int64_t context);

/// Pictures as the image tower reads them, float [pictures][3][size][size]. Throws bad_argument for
/// a picture of another size.
torch::Tensor pixels_of(std::span<const scenes::Picture> pictures, const DualConfig& config);

/// How much a text's tokens count as keys of attention (SToRI, Findings of EMNLP 2024): in the
/// layers from `first_layer` on, log w is added to the scores of a token's key.
struct TokenWeights {
  torch::Tensor logs;  ///< float [texts][time] log w, 0: the token counts as ever, -inf: not at all
  std::int64_t first_layer = 0;
};

/// What enters the text tower's first layer: [texts][time][dim].
torch::Tensor embedded_tokens(const DualEncoder& dual, const torch::Tensor& ids);

/// Embeddings of texts, [texts][output] of length 1, from what embedded_tokens() gave. `weights`
/// may be null. A token's own query must have a key left: the first token's weight stays 1.
torch::Tensor text_features(const DualEncoder& dual, const torch::Tensor& tokens,
                            const torch::Tensor& ends, const TokenWeights* weights);
torch::Tensor text_features(const DualEncoder& dual, const TextBatch& texts,
                            const TokenWeights* weights = nullptr);

/// Embeddings of pictures, [pictures][output] of length 1.
torch::Tensor image_features(const DualEncoder& dual, const torch::Tensor& pixels);

/// exp(logit_scale) times the cosine of each picture with each text: [pictures][texts].
torch::Tensor similarity(const DualEncoder& dual, const torch::Tensor& images,
                         const torch::Tensor& texts);

}  // namespace crayon::train
