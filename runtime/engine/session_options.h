#pragma once

#include <cstdint>
#include <string>

#include "formats/model_config.h"
#include "runtime/model/model.h"

namespace crayon::engine {

/// How much a session holds, and in what.
struct SessionOptions {
  std::uint32_t context = 0;  ///< positions; 0: the model's own, at most default_context
  std::string kv;             ///< "f16", "f32" or "i8"; empty: what fits the weights
};
inline constexpr std::uint32_t default_context = 4096;

/// Positions to hold of a model: `wanted`, or when that is 0 the model's own number, at most
/// default_context.
std::uint32_t context_of(const formats::ModelConfig& config, std::uint32_t wanted);

/// "f16", "f32" or "i8"; anything else gives `fallback`.
model::KvDtype kv_of(const std::string& name, model::KvDtype fallback);

}  // namespace crayon::engine
