#include "cli/inspect/session_memory.h"

#include "cli/engine.h"

namespace crayon::cli {
SessionMemory memory_of(const formats::BundleInfo& info, const SessionOptions& options) {
  SessionMemory memory{};
  memory.context = context_of(*info.config, options.context);
  memory.kv = kv_of(options.kv, model::default_kv(info));
  memory.estimate =
      model::Model::estimate(info, select_kernels(std::string()), memory.context, memory.kv);
  return memory;
}

}  // namespace crayon::cli
