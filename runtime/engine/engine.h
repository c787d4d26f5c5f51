#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "formats/bundle.h"
#include "kernels/kernel_set.h"
#include "runtime/context/pot.h"
#include "runtime/engine/session_options.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::engine {

/// The kernel set of that name; for an empty name, the best that runs here.
const kernels::KernelSet& kernels_of(const std::string& name);

/// "an adapter", "a model": a bundle's kind in a sentence.
std::string kind_in_words(formats::BundleKind kind);

/// What a model runs on.
struct EngineOptions {
  std::size_t threads = 1;          ///< the caller's included
  std::vector<std::uint32_t> cpus;  ///< that the other threads keep to; empty: any
  std::string kernels;              ///< a kernel set's name; empty: the best that runs here
  std::string chat_format;          ///< a preset's name; empty: the model's
};

/// A model bundle with all that it takes to run it: the one place where kernels, threads, model and
/// tokenizer are put together. Const functions may be called from several threads, which the pool
/// serves in turn.
class Engine {
 public:
  /// Throws bad_argument for a bundle of another kind, and what loading throws.
  Engine(formats::Bundle bundle, const EngineOptions& options);

  const formats::Bundle& bundle() const { return bundle_; }
  const model::Model& model() const { return *model_; }
  const tokenizer::Tokenizer& tokenizer() const { return tokenizer_; }
  std::size_t threads() const { return pool_.size(); }
  /// The threads that the model computes with; one caller at a time, as ThreadPool says.
  ThreadPool& thread_pool() const { return pool_; }

  /// What the weights and `sessions` of that kind take, with a pot each; computed before anything
  /// of it is allocated but the weights.
  model::MemoryEstimate memory(const SessionOptions& options, const context::PotOptions& pot,
                               std::uint64_t sessions) const;
  /// Positions that a session with these options has.
  std::uint32_t context(const SessionOptions& options) const;
  model::KvDtype kv(const SessionOptions& options) const;

  /// A new session without any adapter.
  std::unique_ptr<model::Session> bare_session(const SessionOptions& options) const;

 private:
  const kernels::KernelSet& kernels_;
  mutable ThreadPool pool_;
  formats::Bundle bundle_;
  std::unique_ptr<model::Model> model_;
  tokenizer::Tokenizer tokenizer_;
};

}  // namespace crayon::engine
