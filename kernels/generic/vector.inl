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

[[gnu::always_inline]] inline f32v load(const float* x) {
  return *reinterpret_cast<const f32v_unaligned*>(x);
}

[[gnu::always_inline]] inline void store(float* y, f32v value) {
  *reinterpret_cast<f32v_unaligned*>(y) = value;
}

[[gnu::always_inline]] inline f32v splat(float value) {
  return f32v{} + value;
}

[[gnu::always_inline]] inline f32v choose(i32v mask, f32v yes, f32v no) {
  return mask ? yes : no;
}

[[gnu::always_inline]] inline u32v bits_of(f32v value) {
  return __builtin_bit_cast(u32v, value);
}
[[gnu::always_inline]] inline f32v from_bits(u32v bits) {
  return __builtin_bit_cast(f32v, bits);
}
