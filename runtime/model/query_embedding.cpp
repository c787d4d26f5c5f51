#include "runtime/model/query_embedding.h"

#include <algorithm>
#include <cmath>

#include "runtime/model/linear.h"

namespace crayon::model {

std::vector<float> mean_query(const Weights& weights, std::span<const Token> tokens) {
  constexpr std::size_t most = 32;  // tokens at once
  const formats::ModelConfig& config = weights.config;
  const kernels::KernelSet& kernels = *weights.compute.kernels;
  const LayerWeights& layer = weights.layers.front();
  const std::size_t dim = config.dim;
  const std::size_t query_dim = config.query_dim();

  const std::size_t batch = std::min(most, tokens.size());
  AlignedArray<float> x(batch * dim);              // [batch][dim]
  AlignedArray<float> queries(batch * query_dim);  // [batch][query_dim]
  LinearScratch scratch{AlignedArray<std::int8_t>(batch * kernels.layout.padded_inputs(dim)),
                        AlignedArray<float>(batch),
                        {},
                        {}};
  std::vector<double> sum(query_dim);
  while (!tokens.empty()) {
    const std::size_t count = std::min(batch, tokens.size());
    weights.embed(tokens.first(count), scratch.quantized.data(), x.data());
    for (std::size_t t = 0; t < count; ++t) {
      float* row = x.data() + t * dim;
      kernels.rms_norm(row, layer.attention_norm.data(), dim, config.norm_eps, row);
    }
    const LinearMap map{&layer.at(formats::Projection::q), {}, queries.data()};
    apply({&map, 1}, x.data(), count, scratch, weights.compute);
    for (std::size_t i = 0; i < count * query_dim; ++i) {
      sum[i % query_dim] += static_cast<double>(queries.data()[i]);
    }
    tokens = tokens.subspan(count);
  }

  // The mean is the sum but for its length, which is normalised away.
  double squares = 0;
  for (const double value : sum) {
    squares += value * value;
  }
  const double scale = squares > 0 ? 1.0 / std::sqrt(squares) : 0.0;
  std::vector<float> embedding(query_dim);
  std::ranges::transform(sum, embedding.begin(),
                         [scale](double value) { return static_cast<float>(value * scale); });
  return embedding;
}

}  // namespace crayon::model
