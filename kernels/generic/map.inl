// Rows of floats a register at a time, and their tails.

// Tails: the first `count` < lanes elements. A load fills the other lanes with zeros, a store
// leaves what lies behind alone.

inline f32v load_tail(const float* x, std::size_t count) {
  assert(count < lanes);
  alignas(vector_bytes) float lane[lanes] = {};
  for (std::size_t i = 0; i < count; ++i) {
    lane[i] = x[i];
  }
  return load(lane);
}

inline f32v load_tail(const std::uint16_t* x, std::size_t count) {
  assert(count < lanes);
  std::uint16_t lane[lanes] = {};
  for (std::size_t i = 0; i < count; ++i) {
    lane[i] = x[i];
  }
  return load(lane);
}

inline void store_tail(float* y, f32v value, std::size_t count) {
  assert(count < lanes);
  alignas(vector_bytes) float lane[lanes];
  store(lane, value);
  for (std::size_t i = 0; i < count; ++i) {
    y[i] = lane[i];
  }
}

inline void store_tail(std::uint16_t* y, f32v value, std::size_t count) {
  assert(count < lanes);
  std::uint16_t lane[lanes];
  store(lane, value);
  for (std::size_t i = 0; i < count; ++i) {
    y[i] = lane[i];
  }
}

// Registers that go through a function side by side, where there are so many: an in-order core
// waits for none of them, and the loop's own instructions are shared.
constexpr std::size_t at_once = 4;

/// y[i] = f(x[i]) for i < n. y may be x.
template <typename In, typename Out, typename Function>
inline void map(const In* x, Out* y, std::size_t n, Function f) {
  std::size_t i = 0;
  for (; i + at_once * lanes <= n; i += at_once * lanes) {
    f32v result[at_once];
#pragma GCC unroll 4
    for (std::size_t part = 0; part < at_once; ++part) {
      result[part] = f(load(x + i + part * lanes));
    }
#pragma GCC unroll 4
    for (std::size_t part = 0; part < at_once; ++part) {
      store(y + i + part * lanes, result[part]);
    }
  }
  for (; i + lanes <= n; i += lanes) {
    store(y + i, f(load(x + i)));
  }
  if (i < n) {
    store_tail(y + i, f(load_tail(x + i, n - i)), n - i);
  }
}

/// z[i] = f(x[i], y[i]) for i < n. z may be x or y.
template <typename Function>
inline void map2(const float* x, const float* y, float* z, std::size_t n, Function f) {
  std::size_t i = 0;
  for (; i + at_once * lanes <= n; i += at_once * lanes) {
    f32v result[at_once];
#pragma GCC unroll 4
    for (std::size_t part = 0; part < at_once; ++part) {
      result[part] = f(load(x + i + part * lanes), load(y + i + part * lanes));
    }
#pragma GCC unroll 4
    for (std::size_t part = 0; part < at_once; ++part) {
      store(z + i + part * lanes, result[part]);
    }
  }
  for (; i + lanes <= n; i += lanes) {
    store(z + i, f(load(x + i), load(y + i)));
  }
  if (i < n) {
    store_tail(z + i, f(load_tail(x + i, n - i), load_tail(y + i, n - i)), n - i);
  }
}
