#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/model/model.h"
#include "runtime/model/session_state.h"

namespace crayon::model {

/// The cached keys and values of a session, entry by entry: to look at, and to move to other
/// positions. Different heads may be handled by different threads; the session runs nothing
/// meanwhile.
class KvEntries {
 public:
  /// `session` must outlive this.
  explicit KvEntries(Session& session);

  std::uint32_t layers() const;
  std::uint32_t kv_heads() const { return cache_.kv_heads(); }
  std::uint32_t head_dim() const { return static_cast<std::uint32_t>(cache_.head_dim()); }
  float score_scale() const { return cache_.score_scale(); }  ///< factor of q.k
  /// Whether every token of the layer sees all positions that the session can hold.
  bool sees_all(std::uint32_t layer) const;

  /// Keys as attention reads them, rotated: rows [end - begin][head_dim] of positions
  /// [begin, end). The layer sees all; `begin` is a multiple of kernels::kv_block.
  void read_keys(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t begin, std::uint32_t end,
                 float* rows) const;

  /// Entry kept[r] becomes entry r, for all r: values as they are, keys turned to their new
  /// position, R(new - old) R(old) k = R(new) k (Su et al. 2021), rounded anew unless old is new.
  /// `kept` [count] ascends. The layer sees all.
  void keep(std::uint32_t layer, std::uint32_t kv_head, std::span<const std::uint32_t> kept);

  /// The same for a layer with a window, which keeps the last ones: entries [0, held) become the
  /// `count` last of them, as far as the layer has them.
  void keep_last(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t count);

  /// Every head of every layer has kept `count` entries: the session is at that position.
  void finish(std::uint32_t count);

  /// What is added to the scores of a head's keys, position by position: empty when no key of the
  /// session has a weight.
  std::span<const float> log_weights(std::uint32_t layer, std::uint32_t kv_head) const;
  /// The same to write, zeros where nothing has been: of position 0 and on.
  std::span<float> weigh(std::uint32_t layer, std::uint32_t kv_head);

  KvDtype dtype() const { return cache_.dtype(); }
  /// Whether the tokens of the layer see so many last positions and no more.
  std::uint32_t window(std::uint32_t layer) const { return cache_.window(layer); }
  /// First position that the layers with a window have; the others have all.
  std::uint32_t oldest() const { return cache_.oldest(); }
  std::uint32_t first(std::uint32_t layer) const { return window(layer) == 0 ? 0 : oldest(); }

  /// Entries of all KV heads of a layer as they are held, in the bytes of a bundle's tensors
  /// (formats/tensor.h): [kv_heads * entries][head_dim], for int8 with their scales.
  struct Rows {
    std::vector<std::uint8_t> keys;
    std::vector<std::uint8_t> values;
  };
  /// Those of positions [begin, end), which the layer has.
  Rows read_rows(std::uint32_t layer, std::uint32_t begin, std::uint32_t end) const;
  /// The same the other way: rows that read_rows() gave, here or elsewhere.
  void write_rows(std::uint32_t layer, std::uint32_t begin, std::uint32_t end, const Rows& rows);
  /// Every layer has been written: the session is at `position`, where layers with a window have
  /// the entries from `oldest` on. No key has a weight.
  void go_on_at(std::uint32_t position, std::uint32_t oldest);

 private:
  void move(const kernels::KvHead& from, std::uint32_t old_position, const kernels::KvHead& to,
            std::uint32_t new_position, const RopeTable* rope) const;

  Session::State& state_;
  KvCache& cache_;
  const kernels::KernelSet& kernels_;
};

}  // namespace crayon::model
