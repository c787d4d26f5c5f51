#include "runtime/model/token_surprise.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "runtime/model/linear/linear.h"
#include "runtime/model/session_state.h"
#include "runtime/model/weights.h"

namespace crayon::model {
namespace {

constexpr std::size_t chunk_rows = 2048;  // with a prefill batch's logits: 768 KB
constexpr std::size_t share = 16;         // of `sampled`: one piece in so many
constexpr std::size_t sample_rows = 256;  // of `sampled`: pieces that are taken together
static_assert(chunk_rows % Matrix::row_range_multiple == 0 &&
              sample_rows % Matrix::row_range_multiple == 0);

/// A vocabulary so small that a part of it would hardly be less work.
constexpr std::size_t small_vocabulary = share * share * sample_rows / 4;

}  // namespace

TokenSurprise::TokenSurprise(const Model& model, Normaliser normaliser)
    : model_(model),
      logits_(prefill_batch * std::min<std::size_t>(chunk_rows, model.config().vocab_size)) {
  const std::size_t vocab = model.config().vocab_size;
  const bool sampled = normaliser == Normaliser::sampled && vocab > small_vocabulary;
  const std::size_t whole =
      sampled ? kernels::round_up(vocab / share, Matrix::row_range_multiple) : vocab;
  for (std::size_t row = 0; row < whole; row += chunk_rows) {
    chunks_.push_back({{row, std::min(row + chunk_rows, whole)}, 1.0f});
  }
  const std::size_t first_sample = chunks_.size();
  std::size_t samples = 0;
  for (std::size_t row = whole; row < vocab; row += share * sample_rows) {
    chunks_.push_back({{row, std::min(row + sample_rows, vocab)}, 1.0f});
    samples += chunks_.back().rows.size();
  }
  for (std::size_t i = first_sample; i < chunks_.size(); ++i) {
    chunks_[i].weight = static_cast<float>(vocab - whole) / static_cast<float>(samples);
  }
}

std::uint64_t TokenSurprise::bytes(const formats::ModelConfig& config) {
  return prefill_batch * (std::min<std::uint64_t>(chunk_rows, config.vocab_size) * sizeof(float) +
                          3 * sizeof(double));
}

void TokenSurprise::measure(Session& session, std::span<const float> hidden,
                            std::span<const Token> targets, std::span<float> surprise) {
  const Weights& weights = model_.weights();
  const std::size_t dim = weights.config.dim;
  const std::size_t tokens = targets.size();
  if (tokens == 0) {
    return;
  }
  assert(tokens <= prefill_batch && hidden.size() == tokens * dim && surprise.size() == tokens);
  float* const input = session.state().scratch.input.data();
  weights.compute.parallel(tokens, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      weights.normalise(weights.output_norm, hidden.data() + t * dim, input + t * dim);
    }
  });
  best_.assign(tokens, -std::numeric_limits<double>::infinity());
  sum_.assign(tokens, 0.0);
  target_.assign(tokens, std::numeric_limits<double>::quiet_NaN());
  for (const Chunk& chunk : chunks_) {
    add(chunk, targets, session);
  }
  std::vector<float> row(dim);
  for (std::size_t t = 0; t < tokens; ++t) {
    if (std::isnan(target_[t])) {
      float logit = 0;
      weights.head().read_row(static_cast<std::size_t>(targets[t]), *weights.compute.kernels,
                              session.state().scratch.unpacked.data(), row.data());
      logit = weights.compute.kernels->dot_f32(row.data(), input + t * dim, dim);
      if (weights.config.logit_softcap != 0.0f) {
        weights.compute.kernels->soft_cap(&logit, 1, weights.config.logit_softcap);
      }
      target_[t] = static_cast<double>(logit);
    }
    // A sampled sum may lack the target itself.
    surprise[t] = static_cast<float>(std::max(best_[t] + std::log(sum_[t]) - target_[t], 0.0));
  }
}

void TokenSurprise::add(const Chunk& chunk, std::span<const Token> targets, Session& session) {
  const Weights& weights = model_.weights();
  const kernels::KernelSet& kernels = *weights.compute.kernels;
  const std::size_t pieces = chunk.rows.size();
  const Matrix part = weights.head().row_range(chunk.rows.begin, chunk.rows.end, kernels.layout);
  const LinearMap map{&part, nullptr, logits_.data()};
  RangeWork nothing;
  Scratch& scratch = session.state().scratch;
  apply({{&map, 1}, {}, scratch.input.data(), targets.size()}, nothing, scratch.linear,
        weights.compute);
  weights.compute.parallel(targets.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      float* const logits = logits_.data() + t * pieces;
      if (weights.config.logit_softcap != 0.0f) {
        kernels.soft_cap(logits, pieces, weights.config.logit_softcap);
      }
      const auto target = static_cast<std::size_t>(targets[t]);
      if (target >= chunk.rows.begin && target < chunk.rows.end) {
        target_[t] = static_cast<double>(logits[target - chunk.rows.begin]);
      }
      const auto largest = static_cast<double>(*std::max_element(logits, logits + pieces));
      // The largest becomes exp(0) / sum: its inverse is the sum.
      kernels.softmax(logits, pieces);
      const double sum = static_cast<double>(chunk.weight) /
                         static_cast<double>(*std::max_element(logits, logits + pieces));
      const double best = std::max(best_[t], largest);
      sum_[t] = sum_[t] * std::exp(best_[t] - best) + sum * std::exp(largest - best);
      best_[t] = best;
    }
  });
}

}  // namespace crayon::model
