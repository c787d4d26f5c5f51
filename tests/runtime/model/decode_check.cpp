#include "tests/runtime/model/decode_check.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace crayon::test {
namespace {

bool same_bits(std::span<const float> x, std::span<const float> y) {
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size_bytes()) == 0;
}

}  // namespace

void expect_decode_is_prefill(const Packed& packed, std::span<const formats::Token> tokens,
                              std::span<const float> whole,
                              const std::function<void(model::Session&)>& attach) {
  const std::size_t vocab = whole.size() / tokens.size();
  const auto context = static_cast<std::uint32_t>(tokens.size());
  for (const std::size_t threads : {1, 3}) {
    SCOPED_TRACE(threads);
    ThreadPool pool(threads);
    const auto model = packed.load(pool);
    model::Session prefilled(*model, context, model::KvDtype::f32);
    attach(prefilled);
    std::vector<float> all(whole.size());
    model->forward(prefilled, tokens, model::Logits::all, all);
    EXPECT_TRUE(same_bits(all, whole));
    model::Session decoded(*model, context, model::KvDtype::f32);
    attach(decoded);
    std::vector<float> row(vocab);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      model->forward(decoded, tokens.subspan(t, 1), model::Logits::last, row);
      ASSERT_TRUE(same_bits(row, whole.subspan(t * vocab, vocab))) << "token " << t;
    }
  }
}

}  // namespace crayon::test
