#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "formats/model_source.h"

namespace crayon::adapters {

/// How many experts share a token, and how sharply.
struct ArrowOptions {
  std::uint32_t top_k = 3;  ///< more than there are: all
  float temperature = 1.0f;
};

/// Arrow (Ostapenko et al. 2024, "Towards Modular LLMs by Building and Reusing a Library of
/// LoRAs"): all adapters of a pool in one, among which every token chooses in every projection. The
/// direction of expert n is the first right singular vector of its B A, the input that it changes
/// most; no examples are needed. Ranks are those of the adapters: where one has smaller factors, or
/// none, they are filled up with zeros. Throws bad_argument for an empty pool.
formats::AdapterSource arrow(std::span<const formats::AdapterSource> pool,
                             const ArrowOptions& options, std::string name);

}  // namespace crayon::adapters
