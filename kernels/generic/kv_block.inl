// Blocks of the KV cache (kernels/kv_layout.h), and KernelSet::store_kv_*.

template <typename T>
struct KvBlock {
  T* keys;             // [2][head_dim][16]
  T* values;           // [head_dim / 16, rounded up][32][16]
  float* key_scale;    // [32], of int8 alone
  float* value_scale;  // [32]
};

template <typename T>
[[gnu::always_inline]] inline KvBlock<T> block_at(const KvHead& kv, std::size_t block) {
  KvBlock<T> result{};
  result.keys = reinterpret_cast<T*>(kv.data + block % kv.blocks * kv.block_bytes);
  result.values = result.keys + kv_block * ((kv.head_dim + 1) / 2 * 2);
  result.key_scale =
      reinterpret_cast<float*>(result.values + kv_block * ((kv.head_dim + 15) / 16 * 16));
  result.value_scale = result.key_scale + kv_block;
  return result;
}

/// y[i] = x[i] / scale as T; returns the scale.
inline float narrow(const float* x, std::size_t n, float* y) {
  __builtin_memcpy(y, x, n * sizeof(float));
  return 1.0f;
}

/// Saturates: an infinite key would make NaNs of all that follows.
inline float narrow(const float* x, std::size_t n, std::uint16_t* y) {
  const f32v top = splat(65504.0f);
  map(x, y, n, [=](f32v xs) { return larger(-top, smaller(top, xs)); });
  return 1.0f;
}

/// Symmetric, as KernelSet::quantize_i8 does it: NaN and infinity make a scale of NaN.
inline float narrow(const float* x, std::size_t n, std::int8_t* y) {
  // Without the sign, floats are ordered as their bits are.
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t magnitude = __builtin_bit_cast(std::uint32_t, x[i]) & 0x7fffffffu;
    largest = magnitude > largest ? magnitude : largest;
  }
  const float magnitude = __builtin_bit_cast(float, largest);
  const bool finite = magnitude < __builtin_inff();
  if (!finite || magnitude < 1e-30f) {
    __builtin_memset(y, 0, n);
    return finite ? 0.0f : __builtin_nanf("");
  }
  // Adding 1.5 * 2^23 rounds to nearest even and leaves the integer in the low bits.
  const float inverse = 127.0f / magnitude;
  for (std::size_t i = 0; i < n; ++i) {
    y[i] =
        static_cast<std::int8_t>(__builtin_bit_cast(std::uint32_t, x[i] * inverse + 12582912.0f));
  }
  return magnitude / 127.0f;
}

template <typename T>
void store_kv(const KvHead& kv, std::size_t position, const float* key, const float* value) {
  const KvBlock<T> block = block_at<T>(kv, position / kv_block);
  const std::size_t slot = position % kv_block;
  alignas(64) T row[1024];
  assert(kv.head_dim <= sizeof(row) / sizeof(T));

  const float key_scale = narrow(key, kv.head_dim, row);
  T* const keys = block.keys + slot / 16 * 16 * kv.head_dim + slot % 16;
#pragma GCC unroll 8
  for (std::size_t d = 0; d < kv.head_dim; ++d) {
    keys[16 * d] = row[d];
  }
  const float value_scale = narrow(value, kv.head_dim, row);
  for (std::size_t d = 0; d < kv.head_dim; d += 16) {
    T* const values = block.values + d * kv_block + slot * 16;
    __builtin_memcpy(values, row + d, 16 * sizeof(T));
  }
  if constexpr (sizeof(T) == 1) {
    block.key_scale[slot] = key_scale;
    block.value_scale[slot] = value_scale;
  }
}
