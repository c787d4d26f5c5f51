#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/options.h"
#include "formats/hash.h"
#include "kernels/kernel_set.h"
#include "runtime/adapters/adapter_set.h"
#include "runtime/engine/encoder_engine.h"
#include "runtime/engine/engine.h"

namespace crayon::cli {

using engine::context_of;
using engine::EncoderEngine;
using engine::kv_of;

/// The kernel set of that name; for an empty name, what CRAYON_KERNELS or the CPU says.
const kernels::KernelSet& select_kernels(const std::string& name);

/// What the options say of threads, kernels and chats; keeps this thread to the processors that
/// they choose.
engine::EngineOptions to_engine_options(const EngineOptions& options);

/// A model as the command line names it, or what is active in a store, with adapters and a pool.
class Engine : public engine::Engine {
 public:
  /// Loads the model, its tokenizer and the adapters that `options` name. Throws bad_argument
  /// for a bundle of another kind in the place of either, for two pools, and for examples or
  /// a tau without a pool.
  Engine(const std::filesystem::path& path, const EngineOptions& options);

  const adapters::AdapterSet& adapters() const { return adapters_; }
  /// Says which adapters those are, at which scales; zeros: none.
  const formats::Hash& adapters_id() const { return adapters_id_; }
  /// The names of adapters().fixed when they are kept apart: of their files, without the ending.
  const std::vector<std::string>& adapter_names() const { return adapter_names_; }

  /// A new session with the adapters attached; a pool is blended for the tokens of `query`.
  std::unique_ptr<model::Session> session(const SessionOptions& options,
                                          std::span<const formats::Token> query) const;

 private:
  void open_adapters(const EngineOptions& options);
  void set_prior(const EngineOptions& options);

  std::vector<std::string> adapter_names_;
  formats::Hash adapters_id_{};
  adapters::AdapterSet adapters_;
};

}  // namespace crayon::cli
