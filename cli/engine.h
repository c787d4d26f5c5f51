#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "cli/options.h"
#include "formats/bundle.h"
#include "kernels/kernel_set.h"
#include "runtime/adapters/adapter_set.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::cli {

/// The kernel set of that name; for an empty name, what CRAYON_KERNELS or the CPU says.
const kernels::KernelSet& select_kernels(const std::string& name);

/// Positions to hold of a model: `wanted`, or when that is 0 the model's own number, at most
/// default_context.
std::uint32_t context_of(const formats::ModelConfig& config, std::uint32_t wanted);

/// "f16" or "f32"; anything else gives `fallback`.
model::KvDtype kv_of(const std::string& name, model::KvDtype fallback);

/// A model bundle with all that it takes to run it: the one place where kernels, threads, model,
/// tokenizer and adapters are put together.
class Engine {
 public:
  /// Loads the model, its tokenizer and the adapters that `options` name. Throws bad_argument
  /// for a bundle of another kind in the place of either, for two pools, and for examples or
  /// a tau without a pool.
  Engine(const std::filesystem::path& path, const EngineOptions& options);

  const formats::Bundle& bundle() const { return bundle_; }
  const model::Model& model() const { return *model_; }
  const tokenizer::Tokenizer& tokenizer() const { return tokenizer_; }
  std::size_t threads() const { return pool_.size(); }
  /// The threads that the model computes with; one caller at a time, as ThreadPool says.
  ThreadPool& thread_pool() const { return pool_; }
  const adapters::AdapterSet& adapters() const { return adapters_; }
  /// Says which adapters those are, at which scales; zeros: none.
  const formats::Hash& adapters_id() const { return adapters_id_; }
  /// The names of adapters().fixed when they are kept apart: of their files, without the ending.
  const std::vector<std::string>& adapter_names() const { return adapter_names_; }

  /// What the weights and `sessions` of that kind take, with a pot each; computed before anything
  /// of it is allocated but the weights.
  model::MemoryEstimate memory(const SessionOptions& options, const context::PotOptions& pot,
                               std::uint64_t sessions) const;
  /// Positions that a session with these options has.
  std::uint32_t context(const SessionOptions& options) const;

  /// A new session without any adapter.
  std::unique_ptr<model::Session> bare_session(const SessionOptions& options) const;
  /// A new session with the adapters attached; a pool is blended for the tokens of `query`.
  std::unique_ptr<model::Session> session(const SessionOptions& options,
                                          std::span<const formats::Token> query) const;

 private:
  void set_prior(const EngineOptions& options);

  const kernels::KernelSet& kernels_;
  mutable ThreadPool pool_;
  formats::Bundle bundle_;
  std::unique_ptr<model::Model> model_;
  tokenizer::Tokenizer tokenizer_;
  std::vector<std::string> adapter_names_;
  formats::Hash adapters_id_{};
  adapters::AdapterSet adapters_;  // sets the names and the id as well
};

}  // namespace crayon::cli
