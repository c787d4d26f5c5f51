#include "runtime/bench/traffic.h"

#include <algorithm>

#include "kernels/kv_layout.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/weight_plan.h"

namespace crayon::bench {
namespace {

/// Whether a step reads a row of that tensor alone.
bool is_looked_up(const formats::BundleInfo& info, const std::string& name) {
  return name == formats::position_embedding ||
         (name == formats::token_embedding && !info.config->tied_head);
}

}  // namespace

std::uint64_t weight_bytes_read(const formats::BundleInfo& info, const kernels::Layout& layout) {
  std::uint64_t bytes = 0;
  const model::WeightPlan plan(info, layout);
  for (const model::PlannedTensor& tensor : plan.tensors()) {
    const std::uint64_t rows = std::max<std::uint64_t>(tensor.stored.shape.rows, 1);
    const std::uint64_t whole = tensor.parts.used();
    bytes += is_looked_up(info, tensor.stored.name) ? whole / rows : whole;
  }
  return bytes;
}

std::uint64_t kv_bytes_read(const formats::ModelConfig& config, model::KvDtype kv,
                            std::uint32_t position) {
  // The cache holds whole blocks; of the last one only what is there is read.
  formats::ModelConfig whole = config;
  whole.windowed.clear();
  const std::uint64_t a_position = model::KvCache::bytes(whole, kernels::kv_block, kv) /
                                   (kernels::kv_block * std::uint64_t{config.layers});
  std::uint64_t bytes = 0;
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    const std::uint32_t seen =
        config.is_windowed(layer) ? std::min(position + 1, config.window) : position + 1;
    bytes += seen * a_position;
  }
  return bytes;
}

}  // namespace crayon::bench
