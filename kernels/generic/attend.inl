// KernelSet::attend_*: blocked attention with an online softmax (Dao et al. 2022). Block by block
// of cached positions, for all rows at hand:
//
//   scores[row][position]  = queries x keys           a chain over d
//   weights                = exp(score - largest)     softmax_online.inl
//   out[row][d]            = keep * out + weights x values     a chain over positions
//
// Blocks lie at multiples of 32 positions, and what a row does not see of its blocks weighs 0: so a
// row's result does not depend on the rows beside it. (But for the sign of a zero, which is lost at
// the end.)

// Rows that read a block while it lies in the first-level cache.
constexpr std::size_t most_rows = 64;
// Heads up to this size are converted to f32 once for all rows, larger ones once a tile.
constexpr std::size_t most_converted = 256;

struct AttendedRow {
  const float* query;
  float* out;
  std::size_t first, last;  // the positions that it sees
  RowState state;
};

/// At most most_rows rows, and what they share.
struct AttendedRows {
  std::size_t count = 0;
  std::size_t head_dim;
  float scale, softcap;
  const float* log_weights;
  AttendedRow row[most_rows];
  alignas(64) float scores[most_rows][kv_block];  // of one block, then weights
  float keep[most_rows];

  AttendedRows(const KvHead& kv, const QueryRows& rows, std::size_t begin, std::size_t end)
      : head_dim(kv.head_dim),
        scale(rows.scale),
        softcap(rows.softcap),
        log_weights(rows.log_weights) {
    for (std::size_t r = begin; r < end; ++r) {
      const std::size_t token = r / rows.group;
      const std::size_t at = token * rows.token_stride + r % rows.group * head_dim;
      const std::size_t last = rows.seen_by_all != 0 ? rows.seen_by_all : rows.position + token + 1;
      const bool cut = rows.window != 0 && rows.window < last;
      AttendedRow& added = row[count++];
      added.query = rows.queries + at;
      added.out = rows.out + at;
      added.first = cut ? last - rows.window : 0;
      added.last = last;
      added.state.clear();
    }
  }
};

/// A block, and the rows [begin, end) that see some of it.
struct Visit {
  std::size_t begin, end;
  std::size_t position;  // of the block's first slot

  /// Slots that the row sees, begin and end.
  std::size_t first(const AttendedRow& row) const {
    return row.first > position ? row.first - position : 0;
  }
  std::size_t last(const AttendedRow& row) const {
    return row.last - position < kv_block ? row.last - position : kv_block;
  }
};

/// Calls tile(first row, rows) for all rows of a visit.
template <typename Each>
[[gnu::always_inline]] inline void for_each_tile(const Visit& visit, Each tile) {
  for (std::size_t r = visit.begin; r < visit.end; r += tile_rows) {
    tile(r, visit.end - r < tile_rows ? visit.end - r : tile_rows);
  }
}

template <typename K>
void weigh_positions(AttendedRows& rows, const Visit& visit, const K* keys,
                     const ScoreRules& rules) {
  for_each_tile(visit, [&](std::size_t r, std::size_t count) {
    const float* a[tile_rows];
    float* c[tile_rows];
    for (std::size_t i = 0; i < count; ++i) {
      a[i] = rows.row[r + i].query;
      c[i] = rows.scores[r + i];
    }
    const std::size_t n = visit.last(rows.row[r + count - 1]) <= 16 ? 16 : kv_block;
    multiply(count, Product{a, rows.head_dim, 16 * rows.head_dim, nullptr, c}, keys, n);
    for (std::size_t i = r; i < r + count; ++i) {
      AttendedRow& row = rows.row[i];
      rows.keep[i] =
          weigh_block(rows.scores[i], n, visit.first(row), visit.last(row), rules, row.state);
    }
  });
}

template <typename V>
void add_values(AttendedRows& rows, const Visit& visit, const V* values) {
  const std::size_t whole = rows.head_dim / 16 * 16, rest = rows.head_dim - whole;
  for_each_tile(visit, [&](std::size_t r, std::size_t count) {
    const std::size_t first = visit.first(rows.row[r]);
    const std::size_t last = visit.last(rows.row[r + count - 1]);
    const V* const from = values + first * 16;
    const float* a[tile_rows];
    float* c[tile_rows];
    for (std::size_t i = 0; i < count; ++i) {
      a[i] = rows.scores[r + i] + first;
      c[i] = rows.row[r + i].out;
    }
    const Product product{a, last - first, 16 * kv_block, rows.keep + r, c};
    multiply(count, product, from, whole);
    if (rest == 0) {
      return;
    }
    alignas(64) float edge[tile_rows][16] = {};
    for (std::size_t i = 0; i < count; ++i) {
      __builtin_memcpy(edge[i], rows.row[r + i].out + whole, rest * sizeof(float));
      c[i] = edge[i];
    }
    multiply(count, product, from + whole * kv_block, 16);
    for (std::size_t i = 0; i < count; ++i) {
      __builtin_memcpy(rows.row[r + i].out + whole, edge[i], rest * sizeof(float));
    }
  });
}

template <typename T>
void to_floats(const T* x, std::size_t n, float* y) {
  for (std::size_t i = 0; i < n; i += 16) {
    f32w sixteen[row_registers];
    expand(x + i, sixteen);
#pragma GCC unroll 4
    for (int part = 0; part < row_registers; ++part) {
      store_wide(y + i + static_cast<std::size_t>(part * wide_lanes), sixteen[part]);
    }
  }
}

template <typename T>
void attend_block(AttendedRows& rows, const Visit& visit, const KvHead& kv) {
  const KvBlock<T> block = block_at<T>(kv, visit.position / kv_block);
  ScoreRules rules{rows.scale, rows.softcap, nullptr, nullptr, nullptr};
  if (rows.log_weights != nullptr) {
    rules.log_weights = rows.log_weights + visit.position;
  }
  if constexpr (sizeof(T) == 1) {
    rules.key_scale = block.key_scale;
    rules.value_scale = block.value_scale;
  }
  const bool several = visit.end - visit.begin > tile_rows;
  if (sizeof(T) < sizeof(float) && several && kv.head_dim <= most_converted) {
    alignas(64) float floats[kv_block * most_converted];
    to_floats(block.keys, kv.head_dim * kv_block, floats);
    weigh_positions(rows, visit, floats, rules);
    const std::size_t first = visit.first(rows.row[visit.begin]);
    const std::size_t last = visit.last(rows.row[visit.end - 1]);
    for (std::size_t d = 0; d < kv.head_dim; d += 16) {
      const std::size_t at = d * kv_block + first * 16;
      to_floats(block.values + at, (last - first) * 16, floats + at);
    }
    add_values(rows, visit, floats);
  } else {
    weigh_positions(rows, visit, block.keys, rules);
    add_values(rows, visit, block.values);
  }
}

template <typename T>
void attend_rows(const KvHead& kv, const QueryRows& query, std::size_t begin, std::size_t end) {
  AttendedRows rows(kv, query, begin, end);
  for (std::size_t r = 0; r < rows.count; ++r) {
    __builtin_memset(rows.row[r].out, 0, kv.head_dim * sizeof(float));
  }
  Visit visit{0, 0, rows.row[0].first / kv_block * kv_block};
  const std::size_t last = rows.row[rows.count - 1].last;
  for (; visit.position < last; visit.position += kv_block) {
    while (rows.row[visit.begin].last <= visit.position) {
      ++visit.begin;
    }
    while (visit.end < rows.count && rows.row[visit.end].first < visit.position + kv_block) {
      ++visit.end;
    }
    attend_block<T>(rows, visit, kv);
  }
  for (std::size_t r = 0; r < rows.count; ++r) {
    const float total = sum_of(rows.row[r].state.total, 16);
    const f32v inverse = splat(total == 0.0f ? 0.0f : 1.0f / total);
    map(rows.row[r].out, rows.row[r].out, kv.head_dim,
        [=](f32v xs) { return fma(xs, inverse, f32v{}); });
  }
}

template <typename T>
void attend(const KvHead& kv, const QueryRows& query) {
  for (std::size_t begin = query.begin; begin < query.end; begin += most_rows) {
    const std::size_t left = query.end - begin;
    attend_rows<T>(kv, query, begin, begin + (left < most_rows ? left : most_rows));
  }
}
