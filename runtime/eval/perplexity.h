#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "runtime/model/model.h"

namespace crayon::eval {

struct Perplexity {
  double perplexity = 0;     ///< exp(mean negative log-likelihood)
  std::uint64_t tokens = 0;  ///< tokens that were predicted
};

/// Perplexity of `tokens`, cut into windows of `window` positions that start afresh; `bos`, when
/// it is >= 0, opens each window and is not counted. Throws bad_argument for fewer than 2 tokens.
Perplexity perplexity(const model::Model& model, model::Session& session,
                      std::span<const model::Token> tokens, std::uint32_t window, model::Token bos,
                      const std::function<void(double)>& progress);

}  // namespace crayon::eval
