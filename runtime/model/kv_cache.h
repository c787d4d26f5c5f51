#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "formats/model_config.h"
#include "kernels/kernel_set.h"
#include "runtime/model/aligned.h"
#include "runtime/model/key_weights.h"
#include "runtime/model/model.h"

namespace crayon::model {

/// Keys (rotated) and values of every layer: for each KV head of each layer one stream of blocks
/// (kernels/kv_layout.h). A windowed layer keeps a ring of its window and a prefill batch, when
/// that is less than the context.
class KvCache {
 public:
  KvCache(const formats::ModelConfig& config, std::uint32_t context, KvDtype dtype);
  static std::uint64_t bytes(const formats::ModelConfig& config, std::uint32_t context,
                             KvDtype dtype);

  std::uint32_t context() const { return context_; }

  /// Announces that positions below `end` are about to be stored, at most a prefill batch beyond
  /// the ones that are held: rings then forget the oldest ones.
  void extend(std::uint32_t end);
  /// Stores key and value [kv_dim] of one position.
  void store(std::uint32_t layer, std::uint32_t position, const float* key, const float* value,
             const kernels::KernelSet& kernels);

  /// The largest position up to `position`, which is held, from which a session can go on: itself,
  /// or 0 when a ring has forgotten what a token there would see.
  std::uint32_t kept(std::uint32_t position) const;
  /// Forgets what lies at and behind a position that is kept, and what it was to weigh.
  void rewind(std::uint32_t position);

  /// Gives keys weights, those of later ones, too; nothing that lies here before has one. Allocates
  /// a number for each entry the first time.
  KeyWeights& weigh();
  void forget_weights() { weights_.reset(); }
  /// Null when no key has a weight.
  KeyWeights* weights() const { return weights_.get(); }

  KvDtype dtype() const { return dtype_; }
  std::size_t head_dim() const { return head_dim_; }
  std::uint32_t kv_heads() const { return kv_heads_; }
  /// Positions that a token of the layer sees; 0: all.
  std::uint32_t window(std::uint32_t layer) const { return layers_[layer].window; }
  float score_scale() const { return scale_; }
  /// One head's stream of blocks, to read and to write.
  kernels::KvHead head(std::uint32_t layer, std::uint32_t kv_head) const;
  /// First position that every layer holds, when `end` are held.
  std::uint32_t oldest() const { return oldest_; }
  /// The last positions up to `from` have become those up to `to`, below it; the layers without a
  /// window hold others in front of them.
  void renumber(std::uint32_t from, std::uint32_t to);
  /// Other entries have been put in the place of all: those with a window begin at `oldest`.
  void replaced(std::uint32_t oldest) { oldest_ = oldest; }

  /// Some of `tokens` tokens from `position` on, each with `heads` queries [heads][head_dim] in a
  /// row of `queries`, and with the results in `out` likewise. Rows [begin, end) of `kv_head`: row
  /// r is token r / group and the query head r % group of the group that shares the KV head.
  struct Rows {
    const float* queries;
    float* out;
    std::uint32_t position;
    std::uint32_t kv_head;
    std::size_t begin, end;
    std::size_t seen_by_all;  // positions that all tokens see; 0: the model is causal
  };
  void attend(std::uint32_t layer, const Rows& rows, const kernels::KernelSet& kernels) const;

 private:
  struct Layer {
    std::uint64_t offset;  // of its first KV head, in bytes
    std::uint32_t blocks;  // of each KV head
    std::uint32_t window;  // positions that a token sees; 0: all
  };

  std::uint32_t context_;
  KvDtype dtype_;
  std::uint32_t kv_heads_;
  std::uint32_t group_;  // query heads a KV head
  std::size_t head_dim_;
  std::size_t block_bytes_;
  float scale_;    // of q.k
  float softcap_;  // of scores, or 0
  std::vector<Layer> layers_;
  std::uint32_t ring_;        // positions in the rings of windowed layers; 0: there are none
  std::uint32_t window_;      // of those layers
  std::uint32_t oldest_ = 0;  // position that the rings still hold
  mutable AlignedArray<std::uint8_t> data_;
  std::unique_ptr<KeyWeights> weights_;
};

}  // namespace crayon::model
