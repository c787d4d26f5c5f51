// 8 rows x 12 tokens by SDOT: 24 registers of sums leave 8 for operands, and one load for every 4.8
// products, where 8 x 8 takes one for 4. In-order cores issue nothing beside a 128-bit SDOT, so
// each load costs them a cycle: the wider tile is what makes 80 % of the peak possible there.
//
// In assembly, since the order matters and all 32 registers are taken: GCC 12 spills sums here, and
// moves loads to their uses. Every 8 products use up a register of x, and a pair of registers is
// loaded for what comes two steps later, since an in-order core needs a pair's 6 cycles between it
// and the next. Of two groups of 4 inputs (tokens 0..3, 4..7, 8..11 stand in one register each):
//
//              w of group 0  w of group 1   x of group 0     x of group 1
//   even        v0 v1         v2 v3          v4 v5 v6         v7 v4 v5
//   odd         v0 v1         v2 v3          v6 v7 v4         v5 v6 v7

// clang-format off
#define CRAYON_DOT(sum, w, x, lane) "sdot v" #sum ".4s, v" #w ".16b, v" #x ".4b[" #lane "]\n"
#define CRAYON_DOTS(w0, w1, x, a, b, c, d, e, f, g, h) \
  CRAYON_DOT(a, w0, x, 0) CRAYON_DOT(b, w1, x, 0)      \
  CRAYON_DOT(c, w0, x, 1) CRAYON_DOT(d, w1, x, 1)      \
  CRAYON_DOT(e, w0, x, 2) CRAYON_DOT(f, w1, x, 2)      \
  CRAYON_DOT(g, w0, x, 3) CRAYON_DOT(h, w1, x, 3)
#define CRAYON_TOKENS_0(w0, w1, x) CRAYON_DOTS(w0, w1, x, 8, 9, 10, 11, 12, 13, 14, 15)
#define CRAYON_TOKENS_4(w0, w1, x) CRAYON_DOTS(w0, w1, x, 16, 17, 18, 19, 20, 21, 22, 23)
#define CRAYON_TOKENS_8(w0, w1, x) CRAYON_DOTS(w0, w1, x, 24, 25, 26, 27, 28, 29, 30, 31)
#define CRAYON_PAIR(a, b, from, offset) "ldp q" #a ", q" #b ", [%[" #from "], #" #offset "]\n"
// Two groups, with x of the first in a b c and of the second in d a b.
// w1: offset of the second group's weights; x1, x2: of the second and third pair of x. `next_w` and
// `next_x` load what the two groups behind these begin with.
#define CRAYON_TWO_GROUPS(a, b, c, d, w1, x1, x2, next_w, next_x) \
  CRAYON_PAIR(c, d, x, x1) CRAYON_TOKENS_0(0, 1, a)               \
  CRAYON_PAIR(2, 3, w, w1) CRAYON_TOKENS_4(0, 1, b)               \
  CRAYON_PAIR(a, b, x, x2) CRAYON_TOKENS_8(0, 1, c)               \
  next_w CRAYON_TOKENS_0(2, 3, d)                                 \
  next_x CRAYON_TOKENS_4(2, 3, a)                                 \
  CRAYON_TOKENS_8(2, 3, b)
// clang-format on

/// Fills sums [12][16] for the 8 rows that `w` points at. inputs: a multiple of 32, not 0.
[[gnu::noinline]] void multiply_wide(const std::int8_t* w, std::size_t inputs, const std::int8_t* x,
                                     std::int32_t* sums) {
  std::size_t steps = inputs / 32;
  // clang-format off
  asm volatile(
      CRAYON_PAIR(0, 1, w, 0) CRAYON_PAIR(4, 5, x, 0)
      "movi v8.4s, #0\n movi v9.4s, #0\n movi v10.4s, #0\n movi v11.4s, #0\n"
      "movi v12.4s, #0\n movi v13.4s, #0\n movi v14.4s, #0\n movi v15.4s, #0\n"
      "movi v16.4s, #0\n movi v17.4s, #0\n movi v18.4s, #0\n movi v19.4s, #0\n"
      "movi v20.4s, #0\n movi v21.4s, #0\n movi v22.4s, #0\n movi v23.4s, #0\n"
      "movi v24.4s, #0\n movi v25.4s, #0\n movi v26.4s, #0\n movi v27.4s, #0\n"
      "movi v28.4s, #0\n movi v29.4s, #0\n movi v30.4s, #0\n movi v31.4s, #0\n"
      "0:\n"
      CRAYON_TWO_GROUPS(4, 5, 6, 7, 64, 32, 64, CRAYON_PAIR(0, 1, w, 128), CRAYON_PAIR(6, 7, x, 96))
      CRAYON_TWO_GROUPS(6, 7, 4, 5, 192, 128, 160, CRAYON_PAIR(0, 1, w, 256),
                        CRAYON_PAIR(4, 5, x, 192))
      CRAYON_TWO_GROUPS(4, 5, 6, 7, 320, 224, 256, CRAYON_PAIR(0, 1, w, 384),
                        CRAYON_PAIR(6, 7, x, 288))
      "subs %[steps], %[steps], #1\n"
      "b.eq 1f\n"
      CRAYON_TWO_GROUPS(6, 7, 4, 5, 448, 320, 352, CRAYON_PAIR(0, 1, w, 512),
                        CRAYON_PAIR(4, 5, x, 384))
      "add %[w], %[w], #512\n"
      "add %[x], %[x], #384\n"
      "b 0b\n"
      "1:\n"  // nothing follows that could be loaded
      CRAYON_TWO_GROUPS(6, 7, 4, 5, 448, 320, 352, "", "")
      "stp q8, q9, [%[sums]]\n stp q10, q11, [%[sums], #64]\n"
      "stp q12, q13, [%[sums], #128]\n stp q14, q15, [%[sums], #192]\n"
      "stp q16, q17, [%[sums], #256]\n stp q18, q19, [%[sums], #320]\n"
      "stp q20, q21, [%[sums], #384]\n stp q22, q23, [%[sums], #448]\n"
      "stp q24, q25, [%[sums], #512]\n stp q26, q27, [%[sums], #576]\n"
      "stp q28, q29, [%[sums], #640]\n stp q30, q31, [%[sums], #704]\n"
      : [w] "+r"(w), [x] "+r"(x), [steps] "+r"(steps)
      : [sums] "r"(sums)
      : "memory", "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
        "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
        "v25", "v26", "v27", "v28", "v29", "v30", "v31");
  // clang-format on
}

#undef CRAYON_DOT
#undef CRAYON_DOTS
#undef CRAYON_TOKENS_0
#undef CRAYON_TOKENS_4
#undef CRAYON_TOKENS_8
#undef CRAYON_PAIR
#undef CRAYON_TWO_GROUPS
