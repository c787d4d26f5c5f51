#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/kernel_set.h"
#include "tests/kernels/arrays.h"
#include "tests/kernels/quantized.h"
#include "tests/kernels/sets.h"

namespace crayon::kernels {
namespace {

class SameBits : public test::EverySet {};

/// FNV-1a over the bytes of what kernels return.
class Digest {
 public:
  template <typename T>
  void add(const std::vector<T>& values) {
    std::vector<unsigned char> bytes(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    for (const unsigned char byte : bytes) {
      value_ = (value_ ^ byte) * 0x100000001b3u;
    }
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

std::vector<float> numbers(std::size_t n, Random& random, double range) {
  std::vector<float> values(n);
  for (float& value : values) {
    value = static_cast<float>((2 * random.uniform() - 1) * range);
  }
  return values;
}

/// What every set gives on every CPU, of whatever architecture: one layer's worth of arithmetic.
TEST_P(SameBits, OnEveryCpu) {
  const std::size_t rows = 67, inputs = 203, tokens = 5, n = 45, rank = 11;
  const KernelSet& k = set();
  Random random(41);
  Digest digest;

  const auto x = numbers(tokens * inputs, random, 2), w = numbers(rows * inputs, random, 1);
  std::vector<float> y(tokens * rows);
  k.matmul_f32(w.data(), inputs, 0, rows, x.data(), inputs, tokens, {y.data(), rows});
  digest.add(y);

  std::vector<std::uint16_t> halves(w.size());
  k.f32_to_f16(w.data(), halves.data(), w.size());
  k.matmul_f16(halves.data(), inputs, 0, rows, x.data(), inputs, tokens, {y.data(), rows});
  digest.add(halves);
  digest.add(y);

  const auto a = numbers(rank * inputs, random, 1), b = numbers(rows * rank, random, 1);
  const auto rank_scale = numbers(rank, random, 1);
  std::vector<float> z(tokens * rank);
  k.low_rank_down(a.data(), rank, inputs, rank_scale.data(), x.data(), inputs, tokens, z.data());
  k.low_rank_up(b.data(), rank, 0, rows, z.data(), tokens, y.data(), rows);
  digest.add(y);

  std::vector<float> out(inputs);
  const auto q = numbers(inputs, random, 3), cache = numbers(2 * n * inputs, random, 1);
  const auto attend = [&](auto store, auto run, std::size_t bytes, float softcap) {
    const std::size_t block_bytes = kv_block_bytes(inputs, bytes, bytes == 1);
    std::vector<std::byte> memory(2 * block_bytes);
    const KvHead kv{memory.data(), 2, block_bytes, inputs};
    for (std::size_t p = 0; p < n; ++p) {
      store(kv, p, cache.data() + p * inputs, cache.data() + (n + p) * inputs);
    }
    run(kv, {q.data(), out.data(), inputs, 1, 0, 1, n - 1, 0, 0.07f, softcap});
    digest.add(out);
  };
  attend(k.store_kv_f16, k.attend_f16, 2, 0.0f);
  attend(k.store_kv_i8, k.attend_i8, 1, 0.0f);
  attend(k.store_kv_f32, k.attend_f32, 4, 0.0f);

  test::Quantized q8(1, inputs, k.layout.x);
  k.quantize_i8(x.data(), inputs, 0, q8.view());
  std::vector<std::int8_t> q8_row;
  for (std::size_t c = 0; c < inputs; ++c) {
    q8_row.push_back(q8.at(0, c));
  }
  digest.add(q8_row);
  digest.add(std::vector<float>{q8.scale(0)});

  k.rms_norm(out.data(), w.data(), inputs, 1e-5f, out.data());
  k.axpy_f32(0.3f, x.data(), out.data(), inputs);
  k.silu_mul(out.data(), x.data(), out.data(), inputs);
  k.rope_half(out.data(), w.data(), a.data(), inputs / 2);
  digest.add(out);
  k.softmax(out.data(), inputs);
  digest.add(out);
  EXPECT_EQ(digest.value(), 0x8ee9bc0ce36fe570u);

  attend(k.store_kv_f32, k.attend_f32, 4, 2.0f);
  k.layer_norm(out.data(), w.data(), x.data(), inputs, 1e-5f, out.data());
  k.gelu_tanh_mul(out.data(), x.data(), out.data(), inputs);
  k.gelu_tanh(out.data(), out.data(), inputs);
  k.silu(out.data(), out.data(), inputs);
  k.soft_cap(out.data(), inputs, 0.5f);
  digest.add(out);
  EXPECT_EQ(digest.value(), 0xb7ea24d0ccfacfe6u);
}

CRAYON_FOR_EVERY_SET(SameBits);

}  // namespace
}  // namespace crayon::kernels
