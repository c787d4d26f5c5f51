#pragma once

#include <span>

#include "runtime/model/range.h"
#include "runtime/model/session_state.h"

namespace crayon::model {

/// What one session has in a step: tokens that stand at its position, or the patches of an image
/// with the class token in front.
struct StepPart {
  StepPart(Session::State* its_state, std::span<const Token> its_tokens, std::size_t its_first)
      : state(its_state), tokens(its_tokens), first(its_first), count(its_tokens.size()) {}
  /// image [patches][patch_dim], of a session that has read nothing.
  StepPart(Session::State* its_state, const float* image)
      : state(its_state), patches(image), first(0), count(its_state->cache.context()) {}

  Session::State* state;
  std::span<const Token> tokens;   ///< none of an image
  const float* patches = nullptr;  ///< of an image
  std::size_t first;  ///< place of the first among the step's tokens, which follow part by part
  std::size_t count;  ///< of tokens, or of patches and the class token

  Range range() const { return {first, first + count}; }
};

}  // namespace crayon::model
