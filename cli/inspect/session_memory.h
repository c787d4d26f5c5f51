#pragma once

#include <cstdint>

#include "cli/options.h"
#include "formats/bundle.h"
#include "runtime/model/model.h"

namespace crayon::cli {

/// What one session with a model will take, as `crayon run` would load it here.
struct SessionMemory {
  std::uint32_t context;
  model::KvDtype kv;
  model::MemoryEstimate estimate;
};
SessionMemory memory_of(const formats::BundleInfo& info, const SessionOptions& options);

}  // namespace crayon::cli
