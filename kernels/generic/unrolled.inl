// Loops that are unrolled in the source, so that their variable is a constant: it may name a lane,
// and arrays indexed by it are registers.

/// f.operator()<0>() ... f.operator()<Count - 1>().
template <int Count, typename Function>
[[gnu::always_inline]] inline void unrolled(Function f) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (f.template operator()<I>(), ...);
  }
  (std::make_integer_sequence<int, Count>{});
}
