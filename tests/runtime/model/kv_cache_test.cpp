// The KV cache as sessions see it: its types, and rings, which forget.

#include <gtest/gtest.h>

#include <cstring>

#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using test::code_of;

/// The first of two layers sees 20 positions: of a context of 256 it holds 128.
formats::ModelConfig windowed_config() {
  formats::ModelConfig config = test::tiny_config();
  config.window = 20;
  config.windowed = {true, false};
  return config;
}

class Windowed : public testing::TestWithParam<KvDtype> {
 protected:
  /// Logits of tokens [begin, end), run in steps of `step`.
  std::vector<float> run(Session& session, std::size_t begin, std::size_t end, std::size_t step) {
    std::vector<float> logits((end - begin) * vocab_);
    for (std::size_t t = begin; t < end; t += step) {
      const std::size_t count = std::min(step, end - t);
      model_->forward(session, std::span(tokens_).subspan(t, count), Logits::all,
                      std::span(logits).subspan((t - begin) * vocab_, count * vocab_));
    }
    return logits;
  }

  const formats::ModelSource source_ = test::random_source(windowed_config(), 31);
  const test::Packed packed_{source_, Dtype::f32};
  ThreadPool pool_{2};
  const std::unique_ptr<Model> model_ = packed_.load(pool_);
  const std::size_t vocab_ = model_->config().vocab_size;
  const std::vector<Token> tokens_ = test::random_tokens(230, model_->config().vocab_size, 32);
};

TEST_P(Windowed, AnyCutGivesTheSame) {
  Session whole(*model_, 256, GetParam());
  const std::vector<float> logits = run(whole, 0, 230, 230);
  for (const std::size_t step : {1, 37, 64}) {
    Session session(*model_, 256, GetParam());
    EXPECT_EQ(run(session, 0, 230, step), logits) << step;
  }
  const auto truth = test::reference_logits(source_, tokens_);
  const double allowed = GetParam() == KvDtype::f32   ? 2e-5
                         : GetParam() == KvDtype::f16 ? 2e-3
                                                      : 0.03;
  EXPECT_LT(test::relative_rms(logits, truth), allowed);
}

TEST_P(Windowed, RewindsAsFarAsRingsHold) {
  Session session(*model_, 256, GetParam());
  const std::vector<float> logits = run(session, 0, 230, 230);
  const auto same_from = [&](std::size_t position) {
    const std::vector<float> again = run(session, position, 230, 230);
    return std::memcmp(again.data(), logits.data() + position * vocab_,
                       again.size() * sizeof(float)) == 0;
  };
  for (const std::uint32_t position : {229u, 200u, 166u}) {
    ASSERT_EQ(session.kept(position), position);
    session.rewind(position);
    EXPECT_TRUE(same_from(position)) << position;
  }
  // A ring of 128 holds 102 to 229, so that a token at 121 sees its 20 positions.
  EXPECT_EQ(session.kept(121), 121u);
  EXPECT_EQ(session.kept(120), 0u);
  EXPECT_EQ(code_of([&] { session.rewind(120); }), Code::bad_argument);
  EXPECT_EQ(session.position(), 230u);
  // Going back does not bring back what is overwritten.
  session.rewind(121);
  EXPECT_EQ(session.kept(120), 0u);
  EXPECT_TRUE(same_from(121));

  session.rewind(0);
  EXPECT_EQ(run(session, 0, 50, 50),
            std::vector<float>(logits.begin(), logits.begin() + 50 * static_cast<long>(vocab_)));
  EXPECT_EQ(session.kept(3), 3u);
}

INSTANTIATE_TEST_SUITE_P(, Windowed, testing::Values(KvDtype::f32, KvDtype::f16, KvDtype::i8),
                         [](const auto& value) {
                           return std::string(value.param == KvDtype::f32   ? "f32"
                                              : value.param == KvDtype::f16 ? "f16"
                                                                            : "i8");
                         });

TEST(KvBytes, AreThoseOfTheTypeAndTheWindows) {
  const auto bytes = [](const formats::ModelConfig& config, KvDtype kv) {
    const test::Packed packed(test::random_source(config, 33), Dtype::f32);
    return Model::estimate(packed.bundle.info(), kernels::select(), 256, kv).kv_cache;
  };
  formats::ModelConfig config = test::tiny_config();
  config.head_dim = 16;
  const std::uint64_t numbers = std::uint64_t{2} * config.layers * 256 * config.kv_dim();
  EXPECT_EQ(bytes(config, KvDtype::f32), numbers * 4);
  EXPECT_EQ(bytes(config, KvDtype::f16), numbers * 2);
  EXPECT_EQ(bytes(config, KvDtype::i8), numbers + numbers / 16 * 4);  // and a scale for each head
  config.window = 20;
  config.windowed = {true, false};
  EXPECT_EQ(bytes(config, KvDtype::f16), numbers * 2 / 256 * (256 + 128) / 2);
}

}  // namespace
}  // namespace crayon::model
