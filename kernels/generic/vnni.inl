// The micro-kernels of the paths with VPDPBUSD, which multiplies unsigned bytes of one register
// with signed ones of another and adds four products to each int32. Before this file, the path
// defines, for registers of its width,
//
//   Ints, Floats                              vnni_lanes of int32 (or 4 bytes each), of f32
//   load_ints(p), load_halves(p)              binary16 to Floats
//   store_ints(p, v), store_floats(p, v)
//   broadcast(i), add(a, b), to_floats(a)     int32
//   multiply_add(sums, w, x)                  VPDPBUSD
//   multiply_add(a, b, c)                     a * b + c in f32
//   low_nibbles(bytes), high_nibbles(bytes)
//   x_tokens                                  tokens of a group of activations
//   down_layout, broadcast_down<Tokens>(x), store_down(p, sums, addend)     see down_sums
//   Tile<Tokens>                              see below
//
// A block is 32 rows; 4 inputs of each stand together, as the lanes of VPDPBUSD want them:
//
//              inputs 0..3 of rows            4..7             8..11
//   lanes      0  1  2 ... 15    |   0: 64 B |   | 128: 64 B |   | 256 |
//             16 17 18 ... 31    |  64       |   | 192       |   | 320 |    offsets in bytes
//
// A register of weights, w + 128 (int4: q + 8), is multiplied with 4 inputs of x, the same for all
// its rows, and adds to sums of a row each: no lane ever needs adding across.
constexpr Layout layout = {
    .i8 = {.id = 7, .rows_per_block = 32, .inputs_per_group = 4, .input_multiple = 4, .flip = 0x80},
    .i4 = {.id = 107, .rows_per_block = 32, .inputs_per_group = 4},
    .x = {.tokens_per_group = x_tokens, .inputs_per_group = 4},
    .down = down_layout};

constexpr std::size_t group_bytes = 32 * 4;  // of w, for 4 inputs
constexpr int block_registers = 32 / vnni_lanes;
constexpr std::size_t prefetch_distance = 2048;  // 1024 to 2048 is best, 512 and 4096 are worse

// A tile is `registers` of w times some tokens; Tile<Tokens> says how many. The sums of a tile
// must fit the registers, and be many enough that none waits for its last VPDPBUSD (5 cycles):
// where tokens are few, `chains` sets of them take turns. The weights of a single token are one
// ascending stream that is asked for by hand: cores that follow it by themselves do so better or
// worse with where the linker put the loop, 70 to 92 % of the bandwidth on a Zen 5.

/// 4 inputs of a token, in every lane.
[[gnu::always_inline]] inline Ints broadcast_x(const std::int8_t* x) {
  std::int32_t four;
  __builtin_memcpy(&four, x, sizeof four);
  return broadcast(four);
}

/// sums[t] of a tile's rows, from block and sums on.
template <int Tokens>
[[gnu::always_inline]] inline void tile_sums(const std::int8_t* block, std::size_t inputs,
                                             const std::int8_t* x, const std::int32_t* x_sum,
                                             std::int32_t* sums) {
  constexpr int registers = Tile<Tokens>::registers, chains = Tile<Tokens>::chains;
  Ints total[chains][Tokens][registers] = {};
#pragma GCC unroll 12
  for (int t = 0; t < Tokens; ++t) {
    const auto correction = -128u * static_cast<std::uint32_t>(x_sum[t]);
#pragma GCC unroll 4
    for (int r = 0; r < registers; ++r) {
      total[0][t][r] = broadcast(static_cast<std::int32_t>(correction));
    }
  }
  const auto add_group = [&](Ints(&to)[Tokens][registers]) {
    Ints w[registers];
#pragma GCC unroll 4
    for (int r = 0; r < registers; ++r) {
      w[r] = load_ints(block + 4 * vnni_lanes * r);
    }
    if constexpr (Tokens == 1) {
      __builtin_prefetch(block + prefetch_distance);
      __builtin_prefetch(block + prefetch_distance + 64);
    }
#pragma GCC unroll 12
    for (int t = 0; t < Tokens; ++t) {
      const Ints xs = broadcast_x(x + 4 * t);
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r) {
        to[t][r] = multiply_add(to[t][r], w[r], xs);
      }
    }
    block += group_bytes;
    x += 4 * Tokens;
  };
  std::size_t groups = inputs / 4;
  for (; groups >= chains; groups -= chains) {
#pragma GCC unroll 4
    for (int chain = 0; chain < chains; ++chain) {
      add_group(total[chain]);
    }
  }
  for (; chains > 1 && groups > 0; --groups) {
    add_group(total[0]);
  }
#pragma GCC unroll 12
  for (int t = 0; t < Tokens; ++t) {
#pragma GCC unroll 4
    for (int r = 0; r < registers; ++r) {
      Ints sum = total[0][t][r];
#pragma GCC unroll 4
      for (int chain = 1; chain < chains; ++chain) {
        sum = add(sum, total[chain][t][r]);
      }
      store_ints(sums + 32 * t + vnni_lanes * r, sum);
    }
  }
}

template <int Tokens>
[[gnu::noinline]] void block_sums(const std::int8_t* block, std::size_t inputs,
                                  const std::int8_t* x, const std::int32_t* x_sum,
                                  std::int32_t (&sums)[Tokens][32]) {
#pragma GCC unroll 1
  for (int r = 0; r < block_registers; r += Tile<Tokens>::registers) {
    tile_sums<Tokens>(block + 4 * vnni_lanes * r, inputs, x, x_sum, sums[0] + vnni_lanes * r);
  }
}

/// Factors A have so few rows that a block of 32 would be padding for the most part: here a
/// register is 8 rows. `broadcast_down` fills one with its inputs of the token at x, each row's
/// alike; `store_down` makes 8 sums of it. Few sums are in flight, so chains of them take turns.
template <int Tokens>
[[gnu::noinline]] void down_sums(const std::int8_t* block, std::size_t inputs, const std::int8_t* x,
                                 const std::int32_t* x_sum, std::int32_t (&sums)[Tokens][8]) {
  constexpr int chains = Tokens == 1 ? 4 : Tokens <= 3 ? 2 : 1;
  constexpr std::size_t group = down_layout.inputs_per_group;
  Ints total[chains][Tokens] = {};
  const auto add_group = [&](Ints(&to)[Tokens]) {
    const Ints w = load_ints(block);
#pragma GCC unroll 12
    for (int t = 0; t < Tokens; ++t) {
      to[t] = multiply_add(to[t], w, broadcast_down<Tokens>(x + 4 * t));
    }
    block += sizeof w;
    x += group * Tokens;
  };
  std::size_t groups = inputs / group;
  for (; groups >= chains; groups -= chains) {
#pragma GCC unroll 4
    for (int chain = 0; chain < chains; ++chain) {
      add_group(total[chain]);
    }
  }
  for (; chains > 1 && groups > 0; --groups) {
    add_group(total[0]);
  }
#pragma GCC unroll 12
  for (int t = 0; t < Tokens; ++t) {
    Ints sum = total[0][t];
#pragma GCC unroll 4
    for (int chain = 1; chain < chains; ++chain) {
      sum = add(sum, total[chain][t]);
    }
    const auto correction = -128u * static_cast<std::uint32_t>(x_sum[t]);
    store_down(sums[t], sum, static_cast<std::int32_t>(correction));
  }
}

/// values[t] of Count tokens, of Tokens that lie together, of a tile's rows. A group's sums start
/// at -8 * x_sum. Both sums and values stay in registers, so int4 tiles are smaller, and nibbles
/// are taken apart once a tile: they cost less than values in memory would.
template <int Count, int Tokens>
[[gnu::always_inline]] inline void tile_values(const std::uint8_t* block,
                                               const std::uint8_t* scales, std::size_t groups,
                                               const std::int8_t* x, const std::int32_t* group_sum,
                                               float* values) {
  constexpr int registers = Tile<Count>::i4_registers;
  Floats value[Count][registers] = {};
  for (std::size_t g = 0; g < groups; ++g) {
    Ints sum[Count][registers];
#pragma GCC unroll 6
    for (int t = 0; t < Count; ++t) {
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r) {
        sum[t][r] = broadcast(-8 * group_sum[t]);
      }
    }
    const auto add_inputs = [&](const Ints(&w)[registers], int input) {
#pragma GCC unroll 6
      for (int t = 0; t < Count; ++t) {
        const Ints xs = broadcast_x(x + input * Tokens + 4 * t);
#pragma GCC unroll 4
        for (int r = 0; r < registers; ++r) {
          sum[t][r] = multiply_add(sum[t][r], w[r], xs);
        }
      }
    };
#pragma GCC unroll 4
    for (int column = 0; column < 16; column += 4) {
      Ints low[registers], high[registers];
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r) {
        const Ints both = load_ints(block + 32 * column + 4 * vnni_lanes * r);
        low[r] = low_nibbles(both);
        high[r] = high_nibbles(both);
      }
      add_inputs(low, column);
      add_inputs(high, column + 16);
    }
#pragma GCC unroll 4
    for (int r = 0; r < registers; ++r) {
      const Floats scale = load_halves(scales + 2 * vnni_lanes * r);
#pragma GCC unroll 6
      for (int t = 0; t < Count; ++t) {
        value[t][r] = multiply_add(to_floats(sum[t][r]), scale, value[t][r]);
      }
    }
    block += 32 * LayoutI4::bytes_per_group;
    scales += 32 * LayoutI4::bytes_per_group;
    x += group_inputs * Tokens;
    group_sum += Tokens;
  }
#pragma GCC unroll 6
  for (int t = 0; t < Count; ++t) {
#pragma GCC unroll 4
    for (int r = 0; r < registers; ++r) {
      store_floats(values + 32 * t + vnni_lanes * r, value[t][r]);
    }
  }
}

template <int Tokens>
[[gnu::noinline]] void block_values_i4(const std::uint8_t* block, std::size_t groups,
                                       const std::int8_t* x, const std::int32_t* group_sum,
                                       float (&values)[Tokens][32]) {
  constexpr int most = 6;  // tokens of a tile
  constexpr int first = Tokens < most ? Tokens : most, rest = Tokens - first;
  const std::uint8_t* const scales = block + 32 * (group_inputs / 2);
#pragma GCC unroll 1
  for (int r = 0; r < block_registers; r += Tile<first>::i4_registers) {
    tile_values<first, Tokens>(block + 4 * vnni_lanes * r, scales + 2 * vnni_lanes * r, groups, x,
                               group_sum, values[0] + vnni_lanes * r);
  }
  if constexpr (rest > 0) {
#pragma GCC unroll 1
    for (int r = 0; r < block_registers; r += Tile<rest>::i4_registers) {
      tile_values<rest, Tokens>(block + 4 * vnni_lanes * r, scales + 2 * vnni_lanes * r, groups,
                                x + 4 * first, group_sum + first, values[first] + vnni_lanes * r);
    }
  }
}
