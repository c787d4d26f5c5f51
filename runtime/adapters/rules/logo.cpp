#include "runtime/adapters/rules/logo.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "formats/packer.h"
#include "runtime/adapters/rules/simple_rules.h"

namespace crayon::adapters {
namespace {

using formats::AdapterSource;
using formats::SourceLora;

/// What each projection of one block reads at the last token: [inputs] each.
using BlockInputs = std::array<std::vector<float>, formats::all_projections.size()>;

/// The last layer that an adapter of the pool changes.
std::uint32_t last_adapted(std::span<const AdapterSource> pool) {
  std::uint32_t last = 0;
  for (const AdapterSource& adapter : pool) {
    for (const SourceLora& factor : adapter.factors) {
      last = std::max(last, factor.layer);
    }
  }
  return last;
}

/// |B A x|^2
double squared_length(const SourceLora& factor, std::span<const float> x) {
  std::vector<double> z(factor.rank);
  for (std::size_t j = 0; j < z.size(); ++j) {
    z[j] = std::inner_product(x.begin(), x.end(), &factor.a[j * x.size()], 0.0);
  }
  double squares = 0;
  for (std::size_t at = 0; at < factor.b.size(); at += z.size()) {
    const double y = std::inner_product(z.begin(), z.end(), &factor.b[at], 0.0);
    squares += y * y;
  }
  return squares;
}

/// The length of all outputs of an adapter in one block.
double answer_length(const AdapterSource& adapter, std::uint32_t layer, const BlockInputs& inputs) {
  double squares = 0;
  for (const SourceLora& factor : adapter.factors) {
    if (factor.layer == layer) {
      squares += squared_length(factor, inputs[static_cast<std::size_t>(factor.projection)]);
    }
  }
  return std::abs(static_cast<double>(adapter.scale)) * std::sqrt(squares);
}

/// Weights in proportion to the best `top_k` of the scores; the first of equal ones. Without any
/// score above 0 all are alike.
std::vector<float> proportional(const std::vector<float>& scores, std::size_t top_k) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t i, std::size_t j) { return scores[i] > scores[j]; });
  order.resize(std::min(order.size(), top_k));
  double sum = 0;
  for (const std::size_t n : order) {
    sum += static_cast<double>(scores[n]);
  }
  if (!(sum > 0)) {
    return uniform_rule(scores.size()).weights;
  }
  std::vector<float> weights(scores.size());
  for (const std::size_t n : order) {
    weights[n] = static_cast<float>(static_cast<double>(scores[n]) / sum);
  }
  return weights;
}

}  // namespace

Blend logo_rule(const model::Model& model, std::span<const AdapterSource> pool,
                std::span<const std::vector<model::Token>> prompts, std::size_t top_k) {
  if (prompts.empty() || pool.empty() || top_k == 0) {
    throw Error(Code::bad_argument,
                "LoGo measures a pool's adapters on prompts, and keeps the best",
                "give prompts, a pool and a top-k above 0");
  }
  const std::uint32_t layer = last_adapted(pool);
  BlockInputs inputs;
  const auto longest = std::ranges::max(prompts, {}, &std::vector<model::Token>::size).size();
  model::Session session(model, static_cast<std::uint32_t>(longest), model.default_kv());
  session.watch([&](std::uint32_t at, formats::Projection which, std::span<const float> x) {
    if (at == layer) {  // the last step of a prompt comes last, and with it the last token
      const std::uint64_t size = formats::projection_shape(model.config(), which).cols;
      const auto last = x.last(size);
      inputs[static_cast<std::size_t>(which)].assign(last.begin(), last.end());
    }
  });

  std::vector<double> sums(pool.size());
  for (const std::vector<model::Token>& prompt : prompts) {
    session.rewind(0);
    model.forward(session, prompt, model::Logits::none, {});
    for (std::size_t n = 0; n < pool.size(); ++n) {
      sums[n] += answer_length(pool[n], layer, inputs);
    }
  }
  Blend blend;
  for (const double sum : sums) {
    blend.scores.push_back(static_cast<float>(sum / static_cast<double>(prompts.size())));
  }
  blend.weights = proportional(blend.scores, top_k);
  return blend;
}

}  // namespace crayon::adapters
