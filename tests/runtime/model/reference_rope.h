#pragma once

#include <cstdint>
#include <vector>

#include "formats/model_config.h"

namespace crayon::test {

/// RoPE written down plainly in float64: rotates every head of x, the pairs half of what turns
/// apart, as the layer does in a context of that size.
void rotate(std::vector<double>& x, std::size_t position, std::uint32_t layer, std::size_t context,
            const formats::ModelConfig& config);

}  // namespace crayon::test
