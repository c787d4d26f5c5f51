#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "formats/bundle.h"
#include "kernels/kernel_set.h"

namespace crayon::model {

using formats::Token;

/// What keys and values are held in; `i8`: symmetric, with a scale a position and KV head.
enum class KvDtype : std::uint8_t { f16, f32, i8 };

class Adapter;
class Session;
struct WeightedAdapter;
struct Weights;

/// Tokens that go through the layers together in prefill: enough to use each weight many times
/// per load, few enough that the activations stay in the cache of a small core; whole groups of
/// tokens of every kernel set (4, 8 or 12), for two threads too.
inline constexpr std::uint32_t prefill_batch = 96;

/// Which positions forward() computes logits for.
enum class Logits : std::uint8_t { none, last, all };

/// What the model and one session will take, computed before anything is allocated.
struct MemoryEstimate {
  std::uint64_t weights = 0;
  std::uint64_t kv_cache = 0;
  std::uint64_t scratch = 0;
  std::uint64_t total() const { return weights + kv_cache + scratch; }
};

/// A decoder-only transformer: packed weights and the forward pass. Const functions may be
/// called from several threads on different sessions (the pool then serves them in turn).
class Model {
 public:
  /// Maps the image of `bundle` that `crayon activate` left, if it fits, else decodes the frames
  /// into the layout of `kernels`. Throws bad_argument when it is not a model bundle. `kernels` and
  /// `pool` must outlive the model.
  static std::unique_ptr<Model> load(const formats::Bundle& bundle,
                                     const kernels::KernelSet& kernels, ThreadPool& pool);
  /// The towers of an encoder's bundle; those functions that give logits are not for them. Throws
  /// bad_argument for another kind, and what load() throws.
  struct Towers {
    std::unique_ptr<Model> text;
    std::unique_ptr<Model> image;
  };
  static Towers load_towers(const formats::Bundle& bundle, const kernels::KernelSet& kernels,
                            ThreadPool& pool);
  ~Model();

  const formats::ModelConfig& config() const;
  const formats::Hash& id() const;  ///< of the bundle
  const kernels::KernelSet& kernels() const;
  bool uses_image() const;  ///< whether its weights are the pages of an image
  /// The KV dtype that fits the weights: f32 for an f32 bundle, else f16.
  KvDtype default_kv() const;
  static MemoryEstimate estimate(const formats::BundleInfo& info, const kernels::KernelSet& kernels,
                                 std::uint32_t context, KvDtype kv);

  /// Runs `tokens` at the session's position and appends their keys and values.
  /// logits: [1 or tokens][vocab_size] as `wanted` says, or empty for none. Throws context_full
  /// when they do not fit and bad_argument for an id out of range; the session is then unchanged.
  void forward(Session& session, std::span<const Token> tokens, Logits wanted,
               std::span<float> logits) const;

  /// Mean over the tokens of the first layer's queries, before RoPE, heads concatenated,
  /// L2-normalised: [query_dim] (METHODS of Crayon: the embedding that blending compares).
  /// Costs one norm and one matrix for every different token; no attention.
  std::vector<float> query_embedding(std::span<const Token> tokens) const;
  /// The same of several texts, [texts][query_dim], to the bit. A token that several of them have
  /// costs once.
  std::vector<float> query_embeddings(std::span<const std::span<const Token>> texts) const;
  /// What stands for a prompt when prompts are compared, of length 1: [kind.dim]. That of hidden
  /// states costs the first `kind.layer` layers, without adapters. Throws bad_argument for no
  /// tokens or an id out of range, corrupt for a layer that there is not, and context_full when the
  /// tokens are more than the model's context, which queries do not mind.
  std::vector<float> embedding(std::span<const Token> tokens, formats::Embedding kind) const;

  const Weights& weights() const { return *weights_; }

 private:
  Model();
  std::unique_ptr<Weights> weights_;
};

/// What tokens weigh in attention (Session::weigh()).
struct Emphasis {
  std::span<const float> weights = {};  ///< [tokens], 0 or more; empty: each weighs 1
  std::uint32_t first_layer = 0;        ///< they do so in the layers from this one on

  /// Of some of the tokens.
  Emphasis part(std::size_t begin, std::size_t count) const {
    return {weights.empty() ? weights : weights.subspan(begin, count), first_layer};
  }
};

/// What a session takes besides weights: KV cache and scratch.
MemoryEstimate session_memory(const formats::ModelConfig& config, std::uint32_t context,
                              KvDtype kv);

/// What Model::default_kv() will be.
KvDtype default_kv(const formats::BundleInfo& info);

/// Sees what a projection of a layer is about to read: inputs [tokens][inputs of the projection].
using ProjectionWatcher = std::function<void(std::uint32_t layer, formats::Projection which,
                                             std::span<const float> inputs)>;

/// Sees the residual stream behind a layer: [tokens][dim].
using LayerWatcher = std::function<void(std::uint32_t layer, std::span<const float> stream)>;

/// Sees a layer's queries as attention reads them, rotated: [tokens][query_dim].
using QueryWatcher = std::function<void(std::uint32_t layer, std::span<const float> queries)>;

/// One sequence: KV cache, position, adapter and scratch memory. Not for two threads at once.
class Session {
 public:
  /// `context`: positions to hold, 1 to the model's max_context; bad_argument otherwise. The
  /// model must outlive the session.
  Session(const Model& model, std::uint32_t context, KvDtype kv);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The adapters that following tokens run with, which add up. One of weight 0 costs nothing; no
  /// factor is copied. Throws wrong_base or bad_shape, and bad_argument for a weight that is not
  /// finite.
  void attach(std::span<const WeightedAdapter> adapters);

  /// What the next tokens weigh in the attention of all that can see them (Kim et al. 2024, SToRI):
  /// w exp(q.k) in the place of exp(q.k). 1 changes nothing, to the bit; a token that weighs 0 is
  /// seen by nobody. Until they have run, a rewind or another call takes it back. Throws
  /// bad_argument or context_full. Costs 4 bytes a KV entry as soon as one is not 1, until all is
  /// forgotten.
  void weigh(const Emphasis& emphasis);

  /// Of the adapters' factors, in all forms that are held.
  std::uint64_t adapter_bytes() const;
  /// Of the factors that a step reads, whatever its tokens are.
  std::uint64_t adapter_bytes_read() const;

  /// Shows `watcher` the inputs of every projection of following steps; an empty one sees none.
  void watch(ProjectionWatcher watcher);
  /// The same for the residual stream behind every layer.
  void watch_layers(LayerWatcher watcher);
  /// The same for the queries of every layer, whose keys and values the cache has by then.
  void watch_queries(QueryWatcher watcher);

  std::uint32_t position() const;  ///< tokens held
  std::uint32_t context() const;
  /// Forgets what lies at and behind `position`; bad_argument when that was not reached yet, or is
  /// not kept.
  void rewind(std::uint32_t position);
  /// The largest position up to `position` that rewind() can go to: itself, or 0. Layers with a
  /// window hold no more than that and some: at least prefill_batch tokens back is always kept.
  std::uint32_t kept(std::uint32_t position) const;

  struct State;
  State& state() { return *state_; }
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace crayon::model
