#include "runtime/model/hidden_embedding.h"

#include <algorithm>
#include <cmath>

#include "runtime/model/transformer.h"

namespace crayon::model {
namespace {

/// sum [dim] += every row of [rows][dim]
void add_rows(std::span<const float> rows, std::vector<double>& sum) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sum[i % sum.size()] += static_cast<double>(rows[i]);
  }
}

/// Scaled to length 1: a sum of rows is then their mean's direction, too.
std::vector<float> normalised(const std::vector<double>& vector) {
  double squares = 0;
  for (const double value : vector) {
    squares += value * value;
  }
  const double scale = squares > 0 ? 1.0 / std::sqrt(squares) : 0.0;
  std::vector<float> result(vector.size());
  std::ranges::transform(vector, result.begin(),
                         [scale](double value) { return static_cast<float>(value * scale); });
  return result;
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
  return normalised(sum);
}

}  // namespace crayon::model
