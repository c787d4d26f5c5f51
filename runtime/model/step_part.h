#pragma once

#include <span>

#include "runtime/model/range.h"
#include "runtime/model/session_state.h"

namespace crayon::model {

/// What one session has in a step: tokens that stand at its position.
struct StepPart {
  Session::State* state;
  std::span<const Token> tokens;
  std::size_t first;  ///< place of the first among the step's tokens, which follow part by part

  Range range() const { return {first, first + tokens.size()}; }
};

}  // namespace crayon::model
