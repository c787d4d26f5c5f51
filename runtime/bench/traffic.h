#pragma once

#include <cstdint>

#include "formats/bundle.h"
#include "kernels/kernel_set.h"
#include "runtime/model/model.h"

namespace crayon::bench {

/// Bytes of weights that one step reads whatever its tokens are: every packed matrix with its
/// scales, and of tables that are looked up in one row. Norms and biases are among them.
std::uint64_t weight_bytes_read(const formats::BundleInfo& info, const kernels::Layout& layout);

/// Bytes of keys and values that decoding one token reads behind `position` others.
std::uint64_t kv_bytes_read(const formats::ModelConfig& config, model::KvDtype kv,
                            std::uint32_t position);

}  // namespace crayon::bench
