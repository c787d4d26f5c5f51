#include "cli/session_memory.h"

#include "cli/engine.h"

namespace crayon::cli {
namespace {

/// The type that a session takes by itself: f32 for a bundle in f32, as Model::default_kv says.
model::KvDtype default_kv(const formats::BundleInfo& info) {
  const std::string first = formats::projection(0, formats::Projection::q);
  for (const formats::TensorEntry& tensor : info.tensors) {
    if (tensor.name == first && tensor.dtype == formats::Dtype::f32) {
      return model::KvDtype::f32;
    }
  }
  return model::KvDtype::f16;
}

}  // namespace

SessionMemory memory_of(const formats::BundleInfo& info, const SessionOptions& options) {
  SessionMemory memory{};
  memory.context = context_of(*info.config, options.context);
  memory.kv = kv_of(options.kv, default_kv(info));
  memory.estimate =
      model::Model::estimate(info, select_kernels(std::string()), memory.context, memory.kv);
  return memory;
}

}  // namespace crayon::cli
