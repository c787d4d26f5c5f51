#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "runtime/context/pot.h"
#include "runtime/eval/windows.h"

namespace crayon::eval {

struct Perplexity {
  double perplexity = 0;     ///< exp(mean negative log-likelihood)
  std::uint64_t tokens = 0;  ///< tokens that were predicted and count
};

/// Perplexity of `sequences`, each cut into windows of `window` positions that start afresh; `bos`,
/// when it is >= 0, opens each window and is not counted. Windows that nothing counts in are not
/// computed. Throws bad_argument for fewer than 2 tokens in all, or none that counts and is
/// predicted.
Perplexity perplexity(const model::Model& model, model::Session& session,
                      std::span<const Sequence> sequences, std::uint32_t window, model::Token bos,
                      const std::function<void(double)>& progress);

/// Perplexity of the last `tail` tokens of a text, all of which goes through a pot that was cleared
/// first. Throws bad_argument unless 1 <= tail < tokens, and context_full for a pot without a rule
/// that is too small.
Perplexity tail_perplexity(const model::Model& model, context::Pot& pot,
                           std::span<const model::Token> tokens, std::size_t tail,
                           const std::function<void(double)>& progress);

}  // namespace crayon::eval
