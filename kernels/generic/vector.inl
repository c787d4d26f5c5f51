// One register of floats, as GCC's vector extensions write it: `lanes` wide, 8 where the path has
// 256-bit registers, else 4. Operators work lane by lane and round after each operation; a
// product that is added to something is fused with the addition by the path's fma(). Code that
// treats lanes alike gives the same bits at any width; only a sum depends on an order, and dot.inl
// fixes that.

#ifdef __AVX__
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
constexpr int vector_bytes = lanes * 4;

using f32v [[gnu::vector_size(vector_bytes)]] = float;
using i32v [[gnu::vector_size(vector_bytes)]] = std::int32_t;
using u32v [[gnu::vector_size(vector_bytes)]] = std::uint32_t;
// The same register where it lies in memory: at any address of a float.
using f32v_unaligned [[gnu::vector_size(vector_bytes), gnu::aligned(4), gnu::may_alias]] = float;

// The widest register, which attention works with: a row of 16 numbers is one of 512 bits, two of
// 256 or four of 128.
#ifdef __AVX512F__
constexpr int wide_lanes = 16;
#else
constexpr int wide_lanes = lanes;
#endif
using f32w [[gnu::vector_size(wide_lanes * 4)]] = float;
using i32w [[gnu::vector_size(wide_lanes * 4)]] = std::int32_t;
using u32w [[gnu::vector_size(wide_lanes * 4)]] = std::uint32_t;
using f32w_unaligned [[gnu::vector_size(wide_lanes * 4), gnu::aligned(4), gnu::may_alias]] = float;

[[gnu::always_inline]] inline f32v load(const float* x) {
  return *reinterpret_cast<const f32v_unaligned*>(x);
}

[[gnu::always_inline]] inline f32w load_wide(const float* x) {
  return *reinterpret_cast<const f32w_unaligned*>(x);
}

[[gnu::always_inline]] inline void store(float* y, f32v value) {
  *reinterpret_cast<f32v_unaligned*>(y) = value;
}

[[gnu::always_inline]] inline void store_wide(float* y, f32w value) {
  *reinterpret_cast<f32w_unaligned*>(y) = value;
}

/// All lanes `value`. (V{} + value would be an addition: it turns -0 into 0.)
template <typename V = f32v>
[[gnu::always_inline]] inline V splat(float value) {
  const float x = value;
  if constexpr (sizeof(V) == 16) {
    return V{x, x, x, x};
  } else if constexpr (sizeof(V) == 32) {
    return V{x, x, x, x, x, x, x, x};
  } else {
    return V{x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
  }
}

template <typename Mask, typename V>
[[gnu::always_inline]] inline V choose(Mask mask, V yes, V no) {
  return mask ? yes : no;
}

[[gnu::always_inline]] inline u32v bits_of(f32v value) {
  return __builtin_bit_cast(u32v, value);
}
[[gnu::always_inline]] inline f32v from_bits(u32v bits) {
  return __builtin_bit_cast(f32v, bits);
}
