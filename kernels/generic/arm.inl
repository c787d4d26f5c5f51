// What the ARM paths say alike: every armv8 core has fused multiply-add, converts binary16 and
// rounds floats to integers.

[[gnu::always_inline]] inline f32v fma(f32v a, f32v b, f32v c) {
  return vfmaq_f32(c, a, b);
}

// Of two numbers, the one or the other; b where it is NaN.
[[gnu::always_inline]] inline f32v larger(f32v a, f32v b) {
  return vmaxq_f32(a, b);
}
[[gnu::always_inline]] inline f32v smaller(f32v a, f32v b) {
  return vminq_f32(a, b);
}

/// a[Lane] * b + c
template <int Lane>
[[gnu::always_inline]] inline f32v fma_lane(f32v a, f32v b, f32v c) {
  return vfmaq_laneq_f32(c, b, a, Lane);
}
#define CRAYON_FMA_LANE

[[gnu::always_inline]] inline f32v load(const std::uint16_t* x) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x)));
}

[[gnu::always_inline]] inline void store(std::uint16_t* y, f32v value) {
  vst1_u16(y, vreinterpret_u16_f16(vcvt_f16_f32(value)));
}

// 16 numbers of the KV cache, for attention.

[[gnu::always_inline]] inline void expand(const std::uint16_t* x, f32v (&y)[4]) {
  for (int half = 0; half < 2; ++half) {
    const float16x8_t eight = vreinterpretq_f16_u16(vld1q_u16(x + 8 * half));
    y[2 * half] = vcvt_f32_f16(vget_low_f16(eight));
    y[2 * half + 1] = vcvt_high_f32_f16(eight);
  }
}

[[gnu::always_inline]] inline void expand(const std::int8_t* x, f32v (&y)[4]) {
  const int8x16_t bytes = vld1q_s8(x);
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
  y[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(low)));
  y[1] = vcvtq_f32_s32(vmovl_high_s16(low));
  y[2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(high)));
  y[3] = vcvtq_f32_s32(vmovl_high_s16(high));
}

/// GCC moves a sum on its way through many products from register to register, one move each time.
/// This holds it where it is.
template <typename Register>
[[gnu::always_inline]] inline void keep_in_register(Register& sum) {
  Register value = sum;
  asm("" : "+w"(value));
  sum = value;
}

/// See quantize.inl.
inline std::int32_t largest_magnitude(const float* x, std::size_t n) {
  const auto magnitude = [](const float* from) {
    return vandq_s32(vreinterpretq_s32_f32(vld1q_f32(from)), vdupq_n_s32(0x7fffffff));
  };
  int32x4_t largest[4] = {};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    int32x4_t next[4];
    for (int part = 0; part < 4; ++part) {
      next[part] = magnitude(x + i + 4 * part);
    }
    for (int part = 0; part < 4; ++part) {
      largest[part] = vmaxq_s32(largest[part], next[part]);
    }
  }
  for (; i + 4 <= n; i += 4) {
    largest[0] = vmaxq_s32(largest[0], magnitude(x + i));
  }
  std::int32_t result =
      vmaxvq_s32(vmaxq_s32(vmaxq_s32(largest[0], largest[1]), vmaxq_s32(largest[2], largest[3])));
  for (; i < n; ++i) {
    const std::int32_t bits = __builtin_bit_cast(std::int32_t, x[i]) & 0x7fffffff;
    result = bits > result ? bits : result;
  }
  return result;
}

/// See quantize.inl.
[[gnu::always_inline]] inline std::int32_t quantize_group(const float* x, float inverse,
                                                          std::int8_t* q) {
  const auto rounded = [=](const float* from) {
    return vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(from), inverse));
  };
  // The even bytes of a register are the low halves of its numbers.
  const auto low_halves = [](auto a, auto b) {
    return vuzp1q_s8(__builtin_bit_cast(int8x16_t, a), __builtin_bit_cast(int8x16_t, b));
  };
  const auto sixteen = [&](const float* from) {
    const int16x8_t a =
        vuzp1q_s16(vreinterpretq_s16_s32(rounded(from)), vreinterpretq_s16_s32(rounded(from + 4)));
    const int16x8_t b = vuzp1q_s16(vreinterpretq_s16_s32(rounded(from + 8)),
                                   vreinterpretq_s16_s32(rounded(from + 12)));
    return low_halves(a, b);
  };
  const int8x16_t first = sixteen(x), second = sixteen(x + 16);
  vst1q_s8(q, first);
  vst1q_s8(q + 16, second);
  return vaddlvq_s16(vpadalq_s8(vpaddlq_s8(first), second));
}
