#pragma once

#include <span>
#include <vector>

#include "runtime/model/session_state.h"
#include "runtime/model/weights.h"

namespace crayon::model {

/// What Model::embedding() promises of the residual stream behind kind.layer layers, 1 to all, for
/// one or more ids in range: [dim]. `state`: of a new session that has room for the tokens.
std::vector<float> hidden_embedding(const Weights& weights, Session::State& state,
                                    std::span<const Token> tokens, formats::Embedding kind);

}  // namespace crayon::model
