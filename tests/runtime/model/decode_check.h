#pragma once

#include <functional>
#include <span>

#include "tests/runtime/model/tiny_model.h"

namespace crayon::test {

/// Expects the rows of `whole` [tokens][vocab], to the bit, from tokens at once and from tokens one
/// by one, on 1 thread and on 3. `attach` gives a new session its adapters.
void expect_decode_is_prefill(const Packed& packed, std::span<const formats::Token> tokens,
                              std::span<const float> whole,
                              const std::function<void(model::Session&)>& attach);

}  // namespace crayon::test
