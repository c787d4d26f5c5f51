#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_source.h"
#include "runtime/model/adapter.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::adapters {

/// One part of a blend.
struct Part {
  const formats::AdapterSource* adapter;
  float weight;
};

/// sum_n weight_n * scale_n * B_n A_n by rank concatenation, which is exact. Parts whose weight
/// is 0 are left out; of the same projection, ranks add up. Channel scales of the base are folded
/// in.
std::shared_ptr<const model::Adapter> combine(std::span<const Part> parts,
                                              const formats::Bundle& base);

/// Cosine of x [dim] to each of rows [n][dim]; 0 where one of them has no direction.
std::vector<double> cosines(std::span<const float> x, std::span<const float> rows);

/// The weights of a pool's adapters for some examples.
struct Blend {
  std::vector<float> scores;   ///< [adapters] cosine of the examples' embedding to the indicators
  std::vector<float> weights;  ///< [adapters] softmax(scores / tau), small ones dropped, sum 1
};

/// The Crayon rule: the embeddings' mean against each indicator; cosine; softmax with `tau`;
/// weights below `least_weight` are dropped and the rest scaled back to sum 1.
/// embeddings [examples][dim], indicators [adapters][dim].
Blend crayon_rule(std::span<const float> embeddings, std::span<const float> indicators,
                  std::size_t dim, float tau, float least_weight = 1e-3f);

/// What a user's examples say beforehand about every query.
struct Prior {
  std::vector<float> scores;  ///< [adapters] cosine of the examples' embedding to the indicators
  float weight = 0;           ///< lambda: 0 leaves all to the query; 1 counts it as much
};

/// The rule for one query: softmax(s / tau), small weights dropped as above. The scores s_n are the
/// weighted means (cos(query, c_n) + lambda cos(examples, c_n)) / (1 + lambda). query [dim]; a
/// prior without scores is none.
Blend query_rule(std::span<const float> query, const Prior& prior,
                 std::span<const float> indicators, float tau, float least_weight = 1e-3f);

/// A pool bundle in memory: its adapters, their indicators and tau.
struct Pool {
  std::vector<formats::AdapterSource> adapters;
  std::vector<float> indicators;  ///< [adapters][dim]
  float tau = 0.1f;
  formats::Embedding embedding;  ///< what the indicators are made of

  std::size_t dim() const { return indicators.size() / adapters.size(); }

  /// Throws wrong_base unless it belongs to `base`.
  static Pool load(const formats::Bundle& bundle, const formats::Bundle& base);
};

/// The embeddings of questions: [texts][dim of the kind]. What is embedded are the tokens that the
/// model gets when it is asked: the text as a user's turn, rendered by the model's chat format.
std::vector<float> embed(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                         std::span<const std::string> texts, formats::Embedding kind = {});

/// Mean of the rows of [examples][dim], scaled to length 1: what they are about. Throws malformed
/// when it has no direction.
std::vector<float> centre_of(std::span<const float> embeddings, std::size_t dim);

}  // namespace crayon::adapters
