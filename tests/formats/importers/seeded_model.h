#pragma once

#include <cstdint>

#include "formats/model_source.h"

namespace crayon::test {

/// A model of any configuration whose numbers come from `seed` alone, the same on every machine:
/// weights of deviation 1 / sqrt(inputs), norms of 0.8 to 1.2, biases of deviation 0.1. Its
/// tokenizer is SentencePiece's: <unk>, <s>, </s> and printable characters.
formats::ModelSource seeded_model(const formats::ModelConfig& config, std::uint64_t seed);

}  // namespace crayon::test
