#include "runtime/model/kv_entries.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "runtime/model/weights.h"

namespace crayon::model {
namespace {

constexpr std::size_t half_block = 16;  // positions whose keys stand together (kernels/kv_layout.h)
constexpr std::size_t most_head_dim = 1024;

/// One entry of a head's stream (kernels/kv_layout.h).
template <typename T>
struct Entry {
  Entry(const kernels::KvHead& head, std::size_t position) {
    const std::size_t slot = position % kernels::kv_block;
    std::byte* const block =
        head.data + position / kernels::kv_block % head.blocks * head.block_bytes;
    T* const all_keys = reinterpret_cast<T*>(block);
    T* const all_values = all_keys + kernels::kv_block * kernels::round_up(head.head_dim, 2);
    key = all_keys + slot / half_block * half_block * head.head_dim + slot % half_block;
    value = all_values + slot * half_block;
    scales = reinterpret_cast<float*>(all_values +
                                      kernels::kv_block * kernels::round_up(head.head_dim, 16)) +
             slot;
  }
  T* key;         // [head_dim], half_block apart
  T* value;       // [head_dim / 16, rounded up] rows of 16, a block's values apart
  float* scales;  // of the key and, kv_block further, of the value; int8 alone
};

template <typename T>
constexpr bool has_scales = sizeof(T) == 1;

template <typename T>
void copy_value(const Entry<T>& from, const Entry<T>& to, std::size_t head_dim) {
  for (std::size_t d = 0; d < head_dim; d += half_block) {
    std::memmove(to.value + d * kernels::kv_block, from.value + d * kernels::kv_block,
                 half_block * sizeof(T));
  }
  if constexpr (has_scales<T>) {
    to.scales[kernels::kv_block] = from.scales[kernels::kv_block];
  }
}

template <typename T>
void copy_key(const Entry<T>& from, const Entry<T>& to, std::size_t head_dim) {
  for (std::size_t d = 0; d < head_dim; ++d) {
    to.key[d * half_block] = from.key[d * half_block];
  }
  if constexpr (has_scales<T>) {
    *to.scales = *from.scales;
  }
}

void widen(const float* x, float* y, std::size_t n, const kernels::KernelSet&) {
  std::memcpy(y, x, n * sizeof(float));
}

void widen(const std::uint16_t* x, float* y, std::size_t n, const kernels::KernelSet& kernels) {
  kernels.f16_to_f32(x, y, n);
}

void widen(const std::int8_t* x, float* y, std::size_t n, const kernels::KernelSet&) {
  std::transform(x, x + n, y, [](std::int8_t q) { return static_cast<float>(q); });
}

/// key [head_dim] of an entry, in floats
template <typename T>
void read_key(const Entry<T>& entry, std::size_t head_dim, float* key,
              const kernels::KernelSet& kernels) {
  std::array<T, most_head_dim> row;
  for (std::size_t d = 0; d < head_dim; ++d) {
    row[d] = entry.key[d * half_block];
  }
  widen(row.data(), key, head_dim, kernels);
  if constexpr (has_scales<T>) {
    std::transform(key, key + head_dim, key, [&](float x) { return x * *entry.scales; });
  }
}

auto store_function(const float*, const kernels::KernelSet& kernels) {
  return kernels.store_kv_f32;
}
auto store_function(const std::uint16_t*, const kernels::KernelSet& kernels) {
  return kernels.store_kv_f16;
}
auto store_function(const std::int8_t*, const kernels::KernelSet& kernels) {
  return kernels.store_kv_i8;
}

/// The same for the keys of up to half_block positions from `first` on: rows [count][head_dim].
template <typename T>
void read_half_block(const kernels::KvHead& head, std::size_t first, std::size_t count, float* rows,
                     const kernels::KernelSet& kernels) {
  const Entry<T> entry(head, first);
  for (std::size_t d = 0; d < head.head_dim; ++d) {
    std::array<float, half_block> column;
    widen(entry.key + d * half_block, column.data(), half_block, kernels);
    for (std::size_t i = 0; i < count; ++i) {
      rows[i * head.head_dim + d] = column[i];
    }
  }
  if constexpr (has_scales<T>) {
    for (std::size_t i = 0; i < count * head.head_dim; ++i) {
      rows[i] *= entry.scales[i / head.head_dim];
    }
  }
}

/// Where one entry's key or value lies in the bytes of Rows.
template <typename T>
struct RowPlace {
  std::size_t rows;
  std::size_t row;
  std::size_t head_dim;
  std::size_t numbers() const { return row * head_dim * sizeof(T); }
  std::size_t scale() const { return rows * head_dim * sizeof(T) + row * sizeof(float); }
  std::size_t bytes() const {  // of all rows
    return rows * (head_dim * sizeof(T) + (has_scales<T> ? sizeof(float) : 0));
  }
};

/// Offset of number d of a value from the first.
constexpr std::size_t value_offset(std::size_t d) {
  return d / half_block * half_block * kernels::kv_block + d % half_block;
}

template <typename T>
void read_row(const Entry<T>& entry, const RowPlace<T>& place, KvEntries::Rows& rows) {
  const std::size_t head_dim = place.head_dim;
  std::array<T, most_head_dim> key;
  std::array<T, most_head_dim> value;
  for (std::size_t d = 0; d < head_dim; ++d) {
    key[d] = entry.key[d * half_block];
    value[d] = entry.value[value_offset(d)];
  }
  std::memcpy(rows.keys.data() + place.numbers(), key.data(), head_dim * sizeof(T));
  std::memcpy(rows.values.data() + place.numbers(), value.data(), head_dim * sizeof(T));
  if constexpr (has_scales<T>) {
    std::memcpy(rows.keys.data() + place.scale(), entry.scales, sizeof(float));
    std::memcpy(rows.values.data() + place.scale(), entry.scales + kernels::kv_block,
                sizeof(float));
  }
}

template <typename T>
void write_row(const Entry<T>& entry, const RowPlace<T>& place, const KvEntries::Rows& rows) {
  const std::size_t head_dim = place.head_dim;
  std::array<T, most_head_dim> key;
  std::array<T, most_head_dim> value;
  std::memcpy(key.data(), rows.keys.data() + place.numbers(), head_dim * sizeof(T));
  std::memcpy(value.data(), rows.values.data() + place.numbers(), head_dim * sizeof(T));
  for (std::size_t d = 0; d < head_dim; ++d) {
    entry.key[d * half_block] = key[d];
    entry.value[value_offset(d)] = value[d];
  }
  if constexpr (has_scales<T>) {
    std::memcpy(entry.scales, rows.keys.data() + place.scale(), sizeof(float));
    std::memcpy(entry.scales + kernels::kv_block, rows.values.data() + place.scale(),
                sizeof(float));
  }
}

/// Calls `action` with a null pointer to the cache's element type.
template <typename Action>
void with_type(KvDtype dtype, const Action& action) {
  switch (dtype) {
    case KvDtype::f32:
      return action(static_cast<const float*>(nullptr));
    case KvDtype::f16:
      return action(static_cast<const std::uint16_t*>(nullptr));
    case KvDtype::i8:
      return action(static_cast<const std::int8_t*>(nullptr));
  }
}

/// Calls `action` with the entries [begin, end) of each KV head of a layer, and their places.
template <typename Action>
void for_rows(const KvCache& cache, std::uint32_t layer, std::uint32_t begin, std::uint32_t end,
              const Action& action) {
  const std::size_t count = end - begin;
  with_type(cache.dtype(), [&]<typename T>(const T*) {
    for (std::uint32_t h = 0; h < cache.kv_heads(); ++h) {
      const kernels::KvHead head = cache.head(layer, h);
      for (std::size_t i = 0; i < count; ++i) {
        action(Entry<T>(head, begin + i),
               RowPlace<T>{cache.kv_heads() * count, h * count + i, head.head_dim});
      }
    }
  });
}

}  // namespace

KvEntries::KvEntries(Session& session)
    : state_(session.state()), cache_(state_.cache), kernels_(state_.model->kernels()) {
  assert(head_dim() <= most_head_dim);
}

std::uint32_t KvEntries::layers() const {
  return state_.model->config().layers;
}

bool KvEntries::sees_all(std::uint32_t layer) const {
  const std::uint32_t window = cache_.window(layer);
  return window == 0 || window >= cache_.context();
}

void KvEntries::read_keys(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t begin,
                          std::uint32_t end, float* rows) const {
  assert(sees_all(layer) && begin % kernels::kv_block == 0);
  const kernels::KvHead head = cache_.head(layer, kv_head);
  with_type(cache_.dtype(), [&]<typename T>(const T*) {
    for (std::size_t first = begin; first < end; first += half_block) {
      read_half_block<T>(head, first, std::min<std::size_t>(half_block, end - first),
                         rows + (first - begin) * head.head_dim, kernels_);
    }
  });
}

void KvEntries::move(const kernels::KvHead& from, std::uint32_t old_position,
                     const kernels::KvHead& to, std::uint32_t new_position,
                     const RopeTable* rope) const {
  assert(new_position <= old_position);
  with_type(cache_.dtype(), [&]<typename T>(const T* type) {
    const std::size_t head_dim = to.head_dim;
    const Entry<T> source(from, old_position);
    const Entry<T> target(to, new_position);
    if (rope == nullptr || old_position == new_position) {
      copy_key(source, target, head_dim);
      copy_value(source, target, head_dim);
      return;
    }
    alignas(64) std::array<float, most_head_dim> key;
    read_key(source, head_dim, key.data(), kernels_);
    rope->turn_back(key.data(), old_position - new_position);
    // The kernel writes a value as well: the right one follows.
    store_function(type, kernels_)(to, new_position, key.data(), key.data());
    copy_value(source, target, head_dim);
  });
}

void KvEntries::keep(std::uint32_t layer, std::uint32_t kv_head,
                     std::span<const std::uint32_t> kept) {
  assert(sees_all(layer) && std::ranges::is_sorted(kept));
  const kernels::KvHead head = cache_.head(layer, kv_head);
  for (std::uint32_t r = 0; r < kept.size(); ++r) {
    if (kept[r] != r) {
      move(head, kept[r], head, r, state_.rotation.of(layer));
    }
  }
  if (KeyWeights* const weights = cache_.weights()) {
    weights->keep(layer, kv_head, kept);
  }
}

void KvEntries::keep_last(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t count) {
  const std::uint32_t held = state_.position;
  const std::uint32_t shift = held - count;
  if (shift == 0) {
    return;
  }
  const kernels::KvHead head = cache_.head(layer, kv_head);
  const std::size_t in_ring = head.blocks * kernels::kv_block;
  // In a ring an entry's new slot may be that of one which has not moved yet.
  std::vector<std::byte> before(head.data, head.data + head.blocks * head.block_bytes);
  kernels::KvHead source = head;
  source.data = before.data();
  const std::uint32_t first = std::max(
      {shift, cache_.oldest(), held > in_ring ? held - static_cast<std::uint32_t>(in_ring) : 0});
  for (std::uint32_t position = first; position < held; ++position) {
    move(source, position, head, position - shift, state_.rotation.of(layer));
  }
  if (KeyWeights* const weights = cache_.weights()) {
    weights->shift(layer, kv_head, shift);
  }
}

void KvEntries::finish(std::uint32_t count) {
  assert(count <= state_.position);
  cache_.renumber(state_.position, count);
  if (KeyWeights* const weights = cache_.weights()) {
    weights->reset(count);
  }
  state_.position = count;
}

std::span<const float> KvEntries::log_weights(std::uint32_t layer, std::uint32_t kv_head) const {
  KeyWeights* const weights = cache_.weights();
  return weights != nullptr ? weights->of(layer, kv_head) : std::span<float>();
}

std::span<float> KvEntries::weigh(std::uint32_t layer, std::uint32_t kv_head) {
  return cache_.weigh().of(layer, kv_head);
}

KvEntries::Rows KvEntries::read_rows(std::uint32_t layer, std::uint32_t begin,
                                     std::uint32_t end) const {
  assert(first(layer) <= begin && begin <= end && end <= state_.position);
  Rows rows;
  for_rows(cache_, layer, begin, end, [&]<typename T>(const Entry<T>& entry, RowPlace<T> place) {
    rows.keys.resize(place.bytes());
    rows.values.resize(place.bytes());
    read_row(entry, place, rows);
  });
  return rows;
}

void KvEntries::write_rows(std::uint32_t layer, std::uint32_t begin, std::uint32_t end,
                           const Rows& rows) {
  assert(begin <= end && end <= cache_.context());
  for_rows(cache_, layer, begin, end, [&]<typename T>(const Entry<T>& entry, RowPlace<T> place) {
    assert(rows.keys.size() == place.bytes() && rows.values.size() == place.bytes());
    write_row(entry, place, rows);
  });
}

void KvEntries::go_on_at(std::uint32_t position, std::uint32_t oldest) {
  assert(position <= cache_.context());
  state_.rotation.extend(position);
  cache_.replaced(oldest);
  cache_.forget_weights();
  state_.position = position;
}

}  // namespace crayon::model
