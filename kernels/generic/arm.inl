// What the ARM paths say alike: every armv8 core has fused multiply-add, and converts binary16.

[[gnu::always_inline]] inline f32v fma(f32v a, f32v b, f32v c) {
  return vfmaq_f32(c, a, b);
}

[[gnu::always_inline]] inline f32v load(const std::uint16_t* x) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x)));
}

[[gnu::always_inline]] inline void store(std::uint16_t* y, f32v value) {
  vst1_u16(y, vreinterpret_u16_f16(vcvt_f16_f32(value)));
}

/// GCC moves a sum on its way through many products from register to register, one move each time.
/// This holds it where it is.
[[gnu::always_inline]] inline void keep_in_register(int32x4_t& sum) {
  int32x4_t value = sum;
  asm("" : "+w"(value));
  sum = value;
}
