#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/half.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/arrays.h"
#include "tests/kernels/sets.h"

namespace crayon::kernels {
namespace {

using test::bits;
using test::fill;
using test::Guarded;

enum class Element { f32, f16, i8 };

std::size_t bytes_of(Element element) {
  return element == Element::f32 ? 4 : element == Element::f16 ? 2 : 1;
}

/// What a cache of that type makes of one key or value.
std::vector<double> rounded(const float* x, std::size_t n, Element element) {
  std::vector<double> result(x, x + n);
  float largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::abs(x[i]));
  }
  for (double& value : result) {
    if (element == Element::f16) {
      value = crayon::f16_to_f32(crayon::f32_to_f16(static_cast<float>(value)));
    } else if (element == Element::i8) {
      const float steps = static_cast<float>(value) * (127.0f / largest);
      value = std::nearbyint(steps) * static_cast<double>(largest / 127.0f);
    }
  }
  return result;
}

struct Shape {
  Element element;
  std::size_t head_dim, group, tokens, position, window;
  float softcap;
  bool weighted, all;  // whether keys weigh something; whether every token sees all positions

  explicit Shape(Random& random) {
    constexpr Element elements[] = {Element::f32, Element::f16, Element::i8};
    element = elements[random.below(3)];
    constexpr std::size_t common[] = {8, 16, 64, 96, 128, 256};
    head_dim = random.below(2) == 0 ? common[random.below(6)] : 1 + random.below(150);
    group = 1 + random.below(9);
    tokens = random.below(3) == 0 ? 1 : 1 + random.below(40);
    position = random.below(3) == 0 ? 0 : random.below(150);
    window = random.below(2) == 0 ? 0 : 1 + random.below(80);
    softcap = random.below(3) == 0 ? 1.5f : 0.0f;
    weighted = random.below(2) == 0;
    all = random.below(4) == 0;
    if (all) {
      window = 0;
    }
  }
  std::size_t positions() const { return position + tokens; }
  std::size_t rows() const { return tokens * group; }
  /// Blocks of a ring that holds what the first token sees.
  std::size_t blocks() const {
    const std::size_t held = window == 0 ? positions() : std::min(positions(), window + tokens);
    return (held + kv_block - 1) / kv_block + (window == 0 ? 0 : 1);
  }
};

/// Random queries, keys and values, as two KV heads of a model would have them side by side.
struct Problem {
  Shape s;
  Guarded<float> queries, keys, values;
  Guarded<float> log_weights;  // [positions, whole blocks]
  float scale;

  Problem(Random& random, const Shape& shape)
      : s(shape),
        queries(s.rows() * s.head_dim),
        keys(s.positions() * s.head_dim),
        values(s.positions() * s.head_dim),
        log_weights(round_up(s.positions(), kv_block)),
        scale(1 / std::sqrt(static_cast<float>(s.head_dim))) {
    for (Guarded<float>* array : {&queries, &keys, &values}) {
      fill(*array, random, 2);
    }
    for (std::size_t p = 0; p < log_weights.size(); ++p) {
      // The first one stays, so that no token sees nothing.
      log_weights[p] = p != 0 && random.below(5) == 0
                           ? -INFINITY
                           : static_cast<float>(std::log(random.uniform() * 4));
    }
  }

  /// Positions [first, last) that a row sees.
  std::size_t last(std::size_t row) const {
    return s.all ? s.positions() : s.position + row / s.group + 1;
  }
  std::size_t first(std::size_t row) const {
    return s.window == 0 ? 0 : last(row) - std::min(last(row), s.window);
  }
  bool sees_something(std::size_t row) const {
    return !s.weighted ||
           std::any_of(log_weights.data() + first(row), log_weights.data() + last(row),
                       [](float log) { return std::isfinite(log); });
  }

  /// softmax(cap(scale q K)) V of one row, in double, position by position.
  std::vector<double> truth(std::size_t row) const {
    const std::size_t first = this->first(row), last = this->last(row);
    std::vector<double> weight, out(s.head_dim);
    if (!sees_something(row)) {
      return out;
    }
    double max = -INFINITY, total = 0;
    for (std::size_t p = first; p < last; ++p) {
      const auto key = rounded(keys.data() + p * s.head_dim, s.head_dim, s.element);
      double score = 0;
      for (std::size_t d = 0; d < s.head_dim; ++d) {
        score += queries[row * s.head_dim + d] * key[d];
      }
      score *= scale;
      weight.push_back(s.softcap == 0 ? score : s.softcap * std::tanh(score / s.softcap));
      weight.back() += s.weighted ? static_cast<double>(log_weights[p]) : 0;
      max = std::max(max, weight.back());
    }
    for (double& w : weight) {
      w = std::exp(w - max);
      total += w;
    }
    for (std::size_t p = first; p < last; ++p) {
      const auto value = rounded(values.data() + p * s.head_dim, s.head_dim, s.element);
      for (std::size_t d = 0; d < s.head_dim; ++d) {
        out[d] += weight[p - first] / total * value[d];
      }
    }
    return out;
  }
};

/// The cache of a problem, as one kernel set writes and reads it.
class Cache {
 public:
  Cache(const KernelSet& set, const Problem& problem)
      : set_(set),
        problem_(problem),
        block_bytes_(kv_block_bytes(problem.s.head_dim, bytes_of(problem.s.element),
                                    problem.s.element == Element::i8)),
        memory_(problem.s.blocks() * block_bytes_),
        head_{memory_.data(), problem.s.blocks(), block_bytes_, problem.s.head_dim} {
    std::memset(memory_.data(), 0xff, memory_.size());  // NaNs, where nothing is stored
    for (std::size_t p = 0; p < problem.s.positions(); ++p) {
      store(p);
    }
  }

  void store(std::size_t position) const {
    const Shape& s = problem_.s;
    const auto run = s.element == Element::f32   ? set_.store_kv_f32
                     : s.element == Element::f16 ? set_.store_kv_f16
                                                 : set_.store_kv_i8;
    const std::size_t at = position * s.head_dim;
    run(head_, position, problem_.keys.data() + at, problem_.values.data() + at);
  }

  void attend(std::size_t begin, std::size_t end, Guarded<float>& out) const {
    const Shape& s = problem_.s;
    const auto run = s.element == Element::f32   ? set_.attend_f32
                     : s.element == Element::f16 ? set_.attend_f16
                                                 : set_.attend_i8;
    run(head_, {problem_.queries.data(), out.data(), s.group * s.head_dim, s.group, begin, end,
                s.position, s.window, problem_.scale, s.softcap,
                s.weighted ? problem_.log_weights.data() : nullptr, s.all ? s.positions() : 0});
  }

 private:
  const KernelSet& set_;
  const Problem& problem_;
  std::size_t block_bytes_;
  Guarded<std::byte> memory_;
  KvHead head_;
};

class Attend : public test::EverySet {};

TEST_P(Attend, AsTheFormulaSaysAndAsScalarDoes) {
  Random random(51);
  for (int round = 0; round < 150; ++round) {
    const Problem problem(random, Shape(random));
    const Shape& s = problem.s;
    SCOPED_TRACE(testing::Message()
                 << "element " << static_cast<int>(s.element) << ", head " << s.head_dim
                 << ", group " << s.group << ", tokens " << s.tokens << " at " << s.position
                 << ", window " << s.window << ", cap " << s.softcap << ", weights " << s.weighted
                 << ", all " << s.all);
    const Cache cache(set(), problem);
    Guarded<float> out(problem.queries.size()), expected(problem.queries.size());
    cache.attend(0, s.rows(), out);
    Cache(test::scalar(), problem).attend(0, s.rows(), expected);
    ASSERT_EQ(bits(test::span(out)), bits(test::span(expected)));
    for (int check = 0; check < 4; ++check) {
      const std::size_t row = check == 0 ? 0 : random.below(static_cast<std::uint32_t>(s.rows()));
      const auto exact = problem.truth(row);
      for (std::size_t d = 0; d < s.head_dim; ++d) {
        ASSERT_NEAR(out[row * s.head_dim + d], exact[d], 5e-6) << row << ", " << d;
      }
    }
  }
}

TEST_P(Attend, TheSameForEveryCutOfTheRows) {
  Random random(52);
  for (int round = 0; round < 40; ++round) {
    const Problem problem(random, Shape(random));
    const Shape& s = problem.s;
    const Cache cache(set(), problem);
    Guarded<float> whole(problem.queries.size()), parts(problem.queries.size());
    cache.attend(0, s.rows(), whole);
    for (std::size_t begin = 0; begin < s.rows();) {
      const std::size_t left = s.rows() - begin;
      const std::size_t count =
          1 + random.below(static_cast<std::uint32_t>(std::min<std::size_t>(left, 9)));
      cache.attend(begin, begin + count, parts);
      begin += count;
    }
    ASSERT_EQ(bits(test::span(whole)), bits(test::span(parts)));
  }
}

TEST_P(Attend, WeightsOfOneChangeNoBitAndThoseOfZeroRemove) {
  Random random(55);
  for (int round = 0; round < 40; ++round) {
    Shape shape(random);
    shape.weighted = false;
    Problem problem(random, shape);
    const Shape& s = problem.s;
    const Cache cache(set(), problem);
    Guarded<float> plain(problem.queries.size()), weighted(problem.queries.size());
    cache.attend(0, s.rows(), plain);
    problem.s.weighted = true;
    std::fill_n(problem.log_weights.data(), problem.log_weights.size(), 0.0f);
    cache.attend(0, s.rows(), weighted);
    ASSERT_EQ(bits(test::span(plain)), bits(test::span(weighted)));
    // A key that nobody sees may be anything.
    // In a ring the early ones are gone.
    const std::size_t hidden = s.positions() - 1;
    problem.log_weights[hidden] = -INFINITY;
    cache.attend(0, s.rows(), plain);
    fill(problem.keys, random, 2);
    std::copy_n(problem.keys.data(), s.head_dim, problem.keys.data() + hidden * s.head_dim);
    cache.store(hidden);
    cache.attend(0, s.rows(), weighted);
    ASSERT_EQ(bits(test::span(plain)), bits(test::span(weighted)));
  }
}

TEST_P(Attend, WhoSeesNothingGetsNothing) {
  Random random(56);
  Shape shape(random);
  shape.weighted = true;
  Problem problem(random, shape);
  std::fill_n(problem.log_weights.data(), problem.log_weights.size(), -INFINITY);
  Guarded<float> out(problem.queries.size());
  Cache(set(), problem).attend(0, problem.s.rows(), out);
  for (const float value : test::span(out)) {
    ASSERT_EQ(value, 0.0f);
  }
}

TEST_P(Attend, BrokenQueriesBreakTheirRowsAlone) {
  Random random(53);
  Shape shape(random);
  shape.group = 3;
  shape.tokens = 7;
  Problem problem(random, shape);
  const std::size_t head_dim = shape.head_dim;
  Guarded<float> sound(problem.queries.size()), broken(problem.queries.size());
  const Cache cache(set(), problem);
  cache.attend(0, shape.rows(), sound);
  problem.queries[5 * head_dim] = NAN;
  cache.attend(0, shape.rows(), broken);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    if (i / head_dim == 5) {
      ASSERT_TRUE(std::isnan(broken[i])) << i;
    } else {
      ASSERT_EQ(broken[i], sound[i]) << i;
    }
  }
}

TEST_P(Attend, WhatHalvesCannotHoldStaysFinite) {
  const std::size_t head_dim = 16, block_bytes = kv_block_bytes(head_dim, 2, false);
  Guarded<std::byte> memory(block_bytes);
  const KvHead kv{memory.data(), 1, block_bytes, head_dim};
  std::vector<float> key(head_dim, -1e9f), value(head_dim, 1e9f), query(head_dim, 1.0f);
  std::vector<float> out(head_dim);
  set().store_kv_f16(kv, 0, key.data(), value.data());
  set().attend_f16(kv, {query.data(), out.data(), head_dim, 1, 0, 1, 0, 0, 1.0f, 0.0f});
  EXPECT_EQ(out, std::vector<float>(head_dim, 65504.0f));
}

CRAYON_FOR_EVERY_SET(Attend);

}  // namespace
}  // namespace crayon::kernels
