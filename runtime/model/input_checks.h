#pragma once

#include <span>

#include "runtime/model/model.h"

namespace crayon::model {

/// Throws bad_argument for an id that is outside of the vocabulary.
void check_ids(std::span<const Token> tokens, const formats::ModelConfig& config);

/// Throws unless the session is of that model and can go on with these tokens: bad_argument, or
/// context_full when they do not fit.
void check_continuation(const Session& session, std::span<const Token> tokens,
                        const Weights& weights);

/// Throws bad_argument unless there is room for so many rows of logits, and no more.
void check_logits(std::span<const float> logits, std::uint64_t rows,
                  const formats::ModelConfig& config);

/// Throws bad_argument unless all are weights of tokens: 0 or more, and finite.
void check_weights(std::span<const float> weights);

}  // namespace crayon::model
