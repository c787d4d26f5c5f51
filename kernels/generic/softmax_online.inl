// Softmax over positions that come block by block (Milakov, Gimelshein 2018): a row keeps its
// largest score so far, and when that grows, what was summed up before is scaled down.

/// What a row of queries knows of the positions behind it.
struct RowState {
  float largest;
  float total[16];  // sums of exp(score - largest), by position modulo 16

  void clear() {
    largest = -__FLT_MAX__;  // below it is -infinity alone, which weighs nothing
    __builtin_memset(total, 0, sizeof(total));
  }
};

/// How a block's scores are read.
struct ScoreRules {
  float scale;
  float softcap;             // or 0
  const float* key_scale;    // [32], or null
  const float* value_scale;  // [32], or null: goes into the weights
  const float* log_weights;  // [32], or null: added to the scores
};

[[gnu::always_inline]] inline float largest_lane(f32w x) {
  float largest = x[0];
#pragma GCC unroll 16
  for (int lane = 1; lane < wide_lanes; ++lane) {
    largest = x[lane] > largest ? x[lane] : largest;
  }
  return largest;
}

/// at, at + 1, ...
[[gnu::always_inline]] inline i32w slots_from(std::size_t at) {
  i32w slots;
#pragma GCC unroll 16
  for (int lane = 0; lane < wide_lanes; ++lane) {
    slots[lane] = static_cast<std::int32_t>(at) + lane;
  }
  return slots;
}

/// Scales, caps and weighs the scores x [n] of a block's first slots, and makes those outside of
/// [first, last) -infinity.
[[gnu::noinline]] void finish_scores(float* x, std::size_t n, std::size_t first, std::size_t last,
                                     const ScoreRules& rules) {
  for (std::size_t at = 0; at < n; at += wide_lanes) {
    f32w score = load_wide(x + at) * rules.scale;
    if (rules.key_scale != nullptr) {
      score = load_wide(x + at) * (rules.scale * load_wide(rules.key_scale + at));
    }
    if (rules.softcap != 0.0f) {
      score = soft_capped(score, rules.softcap);
    }
    if (rules.log_weights != nullptr) {
      score += load_wide(rules.log_weights + at);
    }
    const i32w slot = slots_from(at);
    const i32w seen =
        (slot >= static_cast<std::int32_t>(first)) & (slot < static_cast<std::int32_t>(last));
    store_wide(x + at, choose(seen, score, splat<f32w>(-__builtin_inff())));
  }
}

/// Turns x [16 * Sixteens], scale * x being scores, into weights. Returns the factor of what was
/// summed up before.
template <int Sixteens>
[[gnu::noinline]] float weigh(float* x, float scale, RowState& row) {
  constexpr int count = Sixteens * row_registers;
  f32w score[count];
  f32w largest = splat<f32w>(row.largest);
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i) {
    score[i] = load_wide(x + i * wide_lanes) * scale;
    largest = larger(score[i], largest);
  }
  const float now = largest_lane(largest);
  const float keep = exp_of_negative(splat<f32v>(row.largest - now))[0];
  row.largest = now;
  f32w total[row_registers];
#pragma GCC unroll 4
  for (int i = 0; i < row_registers; ++i) {
    total[i] = load_wide(row.total + i * wide_lanes) * keep;
  }
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i) {
    const f32w weight = exp_of_negative(score[i] - now);
    total[i % row_registers] += weight;
    store_wide(x + i * wide_lanes, weight);
  }
#pragma GCC unroll 4
  for (int i = 0; i < row_registers; ++i) {
    store_wide(row.total + i * wide_lanes, total[i]);
  }
  return keep;
}

/// The same, of the first n slots of a block, 16 or 32, of which [first, last) are seen.
inline float weigh_block(float* x, std::size_t n, std::size_t first, std::size_t last,
                         const ScoreRules& rules, RowState& row) {
  float scale = rules.scale;
  if (first != 0 || last < n || rules.softcap != 0.0f || rules.key_scale != nullptr ||
      rules.log_weights != nullptr) {
    finish_scores(x, n, first, last, rules);
    scale = 1.0f;
  }
  const float keep = n == 16 ? weigh<1>(x, scale, row) : weigh<2>(x, scale, row);
  if (rules.value_scale != nullptr) {
    for (std::size_t at = 0; at < n; at += wide_lanes) {
      store_wide(x + at, load_wide(x + at) * load_wide(rules.value_scale + at));
    }
  }
  return keep;
}
