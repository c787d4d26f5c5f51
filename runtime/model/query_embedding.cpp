#include "runtime/model/query_embedding.h"

#include <algorithm>
#include <utility>

#include "runtime/model/linear/linear.h"
#include "runtime/model/unit_length.h"

namespace crayon::model {
namespace {

/// One token of one text.
using Use = std::pair<Token, std::size_t>;  // token, text

/// All tokens of all texts, in the order of their ids.
std::vector<Use> sorted_uses(std::span<const std::span<const Token>> texts) {
  std::vector<Use> uses;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    for (const Token token : texts[text]) {
      uses.emplace_back(token, text);
    }
  }
  std::ranges::sort(uses);
  return uses;
}

/// The ids that occur, each once.
std::vector<Token> different_ids(std::span<const Use> uses) {
  std::vector<Token> ids;
  for (const auto& [token, text] : uses) {
    if (ids.empty() || ids.back() != token) {
      ids.push_back(token);
    }
  }
  return ids;
}

/// Computes the first layer's queries of some tokens at a time.
class FirstQueries {
 public:
  static constexpr std::size_t most = 32;  // tokens at once

  explicit FirstQueries(const Weights& weights)
      : weights_(weights),
        x_(most * weights.config.dim),
        queries_(most * weights.config.query_dim()),
        unpacked_(weights.config.dim),
        scratch_{QuantizedScratch(most, weights.config.dim), {}} {}

  /// [tokens][query_dim], valid until the next call.
  const float* of(std::span<const Token> tokens) {
    const std::size_t dim = weights_.config.dim;
    const LayerWeights& layer = weights_.layers.front();
    weights_.embed(tokens, unpacked_.data(), x_.data());
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      float* row = x_.data() + t * dim;
      weights_.normalise(layer.attention_norm, row, row);
    }
    const auto q = formats::Projection::q;
    const LinearMap map{&layer.at(q), layer.bias(q), queries_.data()};
    apply({{&map, 1}, {}, x_.data(), tokens.size()}, {}, scratch_, weights_.compute);
    return queries_.data();
  }

 private:
  const Weights& weights_;
  AlignedArray<float> x_;               // [most][dim]
  AlignedArray<float> queries_;         // [most][query_dim]
  AlignedArray<std::int8_t> unpacked_;  // [dim]
  LinearScratch scratch_;
};

/// sum += query
void add(const float* query, std::span<double> sum) {
  for (std::size_t i = 0; i < sum.size(); ++i) {
    sum[i] += static_cast<double>(query[i]);
  }
}

}  // namespace

std::vector<float> mean_queries(const Weights& weights,
                                std::span<const std::span<const Token>> texts) {
  // A query before RoPE depends on its token alone: one that occurs often is computed once.
  const std::vector<Use> uses = sorted_uses(texts);
  const std::vector<Token> ids = different_ids(uses);
  const std::size_t query_dim = weights.config.query_dim();
  std::vector<double> sums(texts.size() * query_dim);  // [texts][query_dim]
  FirstQueries first(weights);
  auto use = uses.begin();
  for (std::span<const Token> rest = ids; !rest.empty();) {
    const auto batch = rest.first(std::min(FirstQueries::most, rest.size()));
    const float* query = first.of(batch);
    for (const Token token : batch) {
      for (; use != uses.end() && use->first == token; ++use) {
        add(query, std::span(sums).subspan(use->second * query_dim, query_dim));
      }
      query += query_dim;
    }
    rest = rest.subspan(batch.size());
  }

  std::vector<float> embeddings(sums.size());
  for (std::size_t text = 0; text < texts.size(); ++text) {
    // A sum of queries is their mean but for its length.
    const auto sum = std::span<const double>(sums).subspan(text * query_dim, query_dim);
    scale_to_unit_length(sum, &embeddings[text * query_dim]);
  }
  return embeddings;
}

}  // namespace crayon::model
