// The product that attention is made of, twice: of queries with keys, of probabilities with values.
//
//   c[i][n] = keep[i] * c[i][n] + sum_k a[i][k] * b[k][n]       k from left to right, fused
//
// b stands in panels of 16 columns, each [depth or more][16], so that a tile reads one stream. Each
// lane of c has a chain of its own, so the order is the same at any width of a register, and
// for every tile that row i may belong to.

struct Product {
  const float* const* a;  // [rows] rows of `depth` numbers
  std::size_t depth;
  std::size_t panel;  // numbers from one panel of b to the next
  const float* keep;  // [rows], or null: c is overwritten
  float* const* c;    // [rows]
};

// A row of 16 numbers in registers.
constexpr int row_registers = 16 / wide_lanes;

[[gnu::always_inline]] inline void expand(const float* x, f32w (&y)[row_registers]) {
#pragma GCC unroll 4
  for (int i = 0; i < row_registers; ++i) {
    y[i] = load_wide(x + static_cast<std::size_t>(i * wide_lanes));
  }
}

// Registers of the tile of sums: 4 rows of 16 on 128 bits are 16 of 32, with 4 of a and 4 of b;
// 6 rows of 16 on 256 bits are 12 of 16, with 2 of b and 1 of a; 8 rows of 32 on 512 bits are 16
// of 32. One or two rows alone take 32 numbers at once, to have chains enough to hide the latency
// of an addition. Where fma() is a call, larger tiles are only larger code.
#if defined(__AVX512F__)
constexpr int tile_rows = 8;
#elif defined(__AVX__)
constexpr int tile_rows = 6;
#elif defined(CRAYON_FMA_LANE)
constexpr int tile_rows = 4;
#else
constexpr int tile_rows = 1;
#endif
template <int Rows>
constexpr int tile_columns = Rows <= 2 || wide_lanes == 16 ? 32 : 16;

/// Sums of Rows rows by 16 * Sixteens columns.
template <int Rows, int Sixteens>
struct ProductTile {
  f32w sum[Rows][Sixteens][row_registers];
};

/// One k: `multiply(i, b, sum)` gives a[i][k] * b + sum.
template <int Rows, int Sixteens, typename B, typename Multiply>
[[gnu::always_inline]] inline void add_products(const B* b, std::size_t panel,
                                                ProductTile<Rows, Sixteens>& tile,
                                                Multiply multiply) {
  f32w row[Sixteens][row_registers];
#pragma GCC unroll 2
  for (int j = 0; j < Sixteens; ++j) {
    expand(b + static_cast<std::size_t>(j) * panel, row[j]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < Sixteens; ++j) {
#pragma GCC unroll 4
      for (int part = 0; part < row_registers; ++part) {
        tile.sum[i][j][part] = multiply(i, row[j][part], tile.sum[i][j][part]);
      }
    }
  }
}

template <int Rows, int Sixteens, typename B>
[[gnu::always_inline]] inline void add_all_products(const Product& product, const B* b,
                                                    ProductTile<Rows, Sixteens>& tile) {
  const std::size_t panel = product.panel, depth = product.depth;
  const float* a[Rows];
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
    a[i] = product.a[i];
  }
  std::size_t k = 0;
#ifdef CRAYON_FMA_LANE
  for (; k + 4 <= depth; k += 4, b += 64) {
    f32v as[Rows];
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      as[i] = load(a[i] + k);
    }
    const auto step = [&]<int Lane>() {
      add_products(b + 16 * Lane, panel, tile,
                   [&](int i, f32v bs, f32v sum) { return fma_lane<Lane>(as[i], bs, sum); });
    };
    step.template operator()<0>();
    step.template operator()<1>();
    step.template operator()<2>();
    step.template operator()<3>();
  }
#endif
  for (; k < depth; ++k, b += 16) {
    add_products(b, panel, tile,
                 [&](int i, f32w bs, f32w sum) { return fma(splat<f32w>(a[i][k]), bs, sum); });
  }
}

/// 16 * Sixteens columns of all rows; c[i] + column is the first.
template <int Rows, int Sixteens, typename B>
void multiply_columns(const Product& product, const B* b, std::size_t column) {
  ProductTile<Rows, Sixteens> tile = {};
  float* c[Rows];
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
    c[i] = product.c[i] + column;
  }
  const auto each = [&](auto visit) {
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < Sixteens; ++j) {
#pragma GCC unroll 4
        for (int part = 0; part < row_registers; ++part) {
          visit(i, c[i] + 16 * j + part * wide_lanes, tile.sum[i][j][part]);
        }
      }
    }
  };
  if (product.keep != nullptr) {
    each([&](int i, const float* at, f32w& sum) {
      sum = load_wide(at) * splat<f32w>(product.keep[i]);
    });
  }
  add_all_products(product, b, tile);
  each([&](int, float* at, f32w sum) { store_wide(at, sum); });
}

/// `columns`, a multiple of 16, of Rows rows.
template <int Rows, typename B>
void multiply_rows(const Product& product, const B* b, std::size_t columns) {
  constexpr std::size_t wide = tile_columns<Rows>;
  std::size_t column = 0;
  for (; column + wide <= columns; column += wide, b += wide / 16 * product.panel) {
    multiply_columns<Rows, wide / 16>(product, b, column);
  }
  if constexpr (wide > 16) {
    if (column < columns) {
      multiply_columns<Rows, 1>(product, b, column);
    }
  }
}

/// The same of 1 to Most rows.
template <int Most = tile_rows, typename B>
void multiply(std::size_t rows, const Product& product, const B* b, std::size_t columns) {
  if (rows == Most) {
    multiply_rows<Most>(product, b, columns);
  } else if constexpr (Most > 1) {
    multiply<Most - 1>(rows, product, b, columns);
  }
}
