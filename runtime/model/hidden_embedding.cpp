#include "runtime/model/hidden_embedding.h"

#include <algorithm>

#include "runtime/model/transformer.h"
#include "runtime/model/unit_length.h"

namespace crayon::model {
namespace {

/// sum [dim] += every row of [rows][dim]
void add_rows(std::span<const float> rows, std::vector<double>& sum) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sum[i % sum.size()] += static_cast<double>(rows[i]);
  }
}

}  // namespace

std::vector<float> hidden_embedding(const Weights& weights, Session::State& state,
                                    std::span<const Token> tokens, formats::Embedding kind) {
  const std::size_t dim = weights.config.dim;
  std::vector<double> sum(dim);
  while (!tokens.empty()) {
    const std::size_t count = std::min<std::size_t>(prefill_batch, tokens.size());
    const StepPart part{&state, tokens.first(count), 0};
    Step(weights, state.scratch, {&part, 1}).run(kind.layer);
    const float* const stream = state.scratch.residual.data();  // [count][dim]
    if (kind.last) {
      sum.assign(stream + (count - 1) * dim, stream + count * dim);
    } else {
      add_rows({stream, count * dim}, sum);
    }
    tokens = tokens.subspan(count);
  }
  std::vector<float> embedding(dim);  // a sum of rows has their mean's direction
  scale_to_unit_length(std::span<const double>(sum), embedding.data());
  return embedding;
}

}  // namespace crayon::model
