// The forward pass against the same thing in float64.

#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/model/decode_check.h"
#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using formats::ModelConfig;
using formats::Projection;
using formats::RopeScaling;

struct Case {
  std::string name;
  ModelConfig config;
};

void PrintTo(const Case& value, std::ostream* out) {
  *out << value.name;
}

template <typename Change>
Case varied(std::string name, const Change& change) {
  ModelConfig config = test::tiny_config();
  change(config);
  return {std::move(name), config};
}

void long_rope(ModelConfig& c, std::uint32_t original_context) {
  c.rope_scaling = RopeScaling::longrope;
  c.rope_original_context = original_context;
  c.rope_short_factors = {1, 1.1f, 1.2f, 1.3f, 1.4f, 1.5f, 1.6f};
  c.rope_long_factors = {1, 2, 4, 8, 16, 32, 64};
  c.rope_magnitude = 1.2f;
}

void like_gpt2(ModelConfig& c) {
  c.norm = formats::Norm::layer;
  c.positions = formats::Positions::learned;
  c.activation = formats::Activation::gelu_tanh;
  c.gated = false;
  c.kv_heads = 4;
  c.tied_head = true;
  for (const Projection which : formats::all_projections) {
    if (c.has(which)) {
      c.add_bias(which);
    }
  }
}

std::vector<Case> cases() {
  return {
      varied("GroupedQueries", [](ModelConfig&) {}),
      varied("TiedHead", [](ModelConfig& c) { c.tied_head = true; }),
      varied("AsManyKvHeads", [](ModelConfig& c) { c.kv_heads = 4; }),
      varied("OneKvHead", [](ModelConfig& c) { c.kv_heads = 1; }),
      varied("OddSizes",
             [](ModelConfig& c) {
               c.dim = 33;
               c.hidden_dim = 71;
               c.head_dim = 6;
               c.vocab_size = 101;
             }),
      varied("RoundSizes",
             [](ModelConfig& c) {
               c.dim = 64;
               c.hidden_dim = 128;
               c.head_dim = 16;
               c.vocab_size = 128;
             }),
      varied("QueriesWiderThanAll",
             [](ModelConfig& c) {
               c.dim = 24;
               c.hidden_dim = 20;
               c.head_dim = 32;
             }),
      varied("OneOfEverything",
             [](ModelConfig& c) {
               c.dim = c.hidden_dim = c.heads = c.kv_heads = c.layers = 1;
               c.head_dim = 2;
               c.vocab_size = 5;
             }),
      varied("LinearRope",
             [](ModelConfig& c) {
               c.rope_scaling = RopeScaling::linear;
               c.rope_factor = 3.0f;
             }),
      varied("Llama3Rope",
             [](ModelConfig& c) {
               c.rope_theta = 500.0f;
               c.rope_scaling = RopeScaling::llama3;
               c.rope_factor = 8.0f;
               c.rope_original_context = 64;
             }),
      varied("YarnRope",
             [](ModelConfig& c) {
               c.rope_theta = 500.0f;
               c.rope_scaling = RopeScaling::yarn;
               c.rope_factor = 4.0f;
               c.rope_original_context = 512;
               c.rope_magnitude = 1.14f;
             }),
      varied("ShortRope", [](ModelConfig& c) { long_rope(c, 20); }),
      varied("LongRope", [](ModelConfig& c) { long_rope(c, 19); }),
      varied("PartlyRotated", [](ModelConfig& c) { c.rope_dim = 6; }),
      varied("UnrotatedLayer",
             [](ModelConfig& c) {
               c.unrotated = {false, true};
             }),
      varied("LargeEpsilon", [](ModelConfig& c) { c.norm_eps = 0.3f; }),
      varied("SomeBiases",
             [](ModelConfig& c) {
               for (const auto which : {Projection::q, Projection::k, Projection::v}) {
                 c.add_bias(which);
               }
             }),
      varied("QkNorm", [](ModelConfig& c) { c.qk_norm = true; }),
      varied("Window",
             [](ModelConfig& c) {
               c.window = 5;
               c.windowed = {true, true};
             }),
      varied("WindowOfOne",
             [](ModelConfig& c) {
               c.window = 1;
               c.windowed = {true, false};
             }),
      varied("SoftCaps",
             [](ModelConfig& c) {
               c.attention_softcap = 1.5f;
               c.logit_softcap = 2.0f;
             }),
      varied("AttentionScale", [](ModelConfig& c) { c.attention_scale = 1.0f; }),
      varied("LikeGemma",
             [](ModelConfig& c) {
               c.activation = formats::Activation::gelu_tanh;
               c.post_norms = c.qk_norm = c.tied_head = true;
               c.embedding_scale = 7.2f;
               c.window = 7;
               c.windowed = {true, false};
               c.rope_window_theta = 100.0f;
               c.rope_scaling = RopeScaling::linear;
               c.rope_factor = 8.0f;
             }),
      varied("LikeGpt2", like_gpt2),
      varied("UngatedSilu", [](ModelConfig& c) { c.gated = false; }),
  };
}

class Forward : public testing::TestWithParam<Case> {
 protected:
  Forward()
      : source_(test::random_source(GetParam().config, 7)),
        tokens_(test::random_tokens(20, source_.config.vocab_size, 8)),
        truth_(test::reference_logits(source_, tokens_)) {}

  formats::ModelSource source_;
  std::vector<Token> tokens_;
  std::vector<double> truth_;
  ThreadPool pool_{1};
};

TEST_P(Forward, F32IsTheReference) {
  const test::Packed packed(source_, Dtype::f32);
  const auto model = packed.load(pool_);
  EXPECT_EQ(model->default_kv(), KvDtype::f32);
  const std::vector<float> logits = test::all_logits(*model, tokens_, KvDtype::f32);
  EXPECT_LT(test::largest_difference(logits, truth_), 2e-5);
  test::expect_decode_is_prefill(packed, tokens_, logits, [](Session&) {});
}

TEST_P(Forward, F16IsNearTheReference) {
  const test::Packed packed(source_, Dtype::f16);
  const auto model = packed.load(pool_);
  EXPECT_EQ(model->default_kv(), KvDtype::f16);
  EXPECT_LT(test::relative_rms(test::all_logits(*model, tokens_, KvDtype::f16), truth_), 2e-3);
}

TEST_P(Forward, I8IsNearTheReference) {
  const test::Packed packed(source_, Dtype::i8);
  const auto model = packed.load(pool_);
  EXPECT_LT(test::relative_rms(test::all_logits(*model, tokens_, KvDtype::f16), truth_), 0.04);
}

TEST_P(Forward, I4IsNearTheReference) {
  // With the rest in i8 and with everything in i4. Layers this narrow have errors that hardly
  // cancel out: each weight is off by 8 % of its row's deviation.
  for (const Dtype head : {Dtype::i8, Dtype::i4}) {
    const test::Packed packed(source_, {.weights = Dtype::i4, .head = head});
    const auto model = packed.load(pool_);
    EXPECT_LT(test::relative_rms(test::all_logits(*model, tokens_, KvDtype::f16), truth_), 0.4)
        << dtype_name(head);
  }
}

TEST_P(Forward, EmbeddingsAreTheReference) {
  const test::Packed packed(source_, Dtype::f32);
  const auto model = packed.load(pool_);
  const std::uint32_t layers = source_.config.layers;
  for (const formats::Embedding kind : {formats::Embedding(),
                                        formats::Embedding{1, false},
                                        {1, true},
                                        {layers, false},
                                        {layers, true}}) {
    const std::vector<float> embedding = model->embedding(tokens_, kind);
    EXPECT_EQ(embedding.size(), kind.dim(source_.config));
    EXPECT_LT(
        test::largest_difference(embedding, test::reference_embedding(source_, tokens_, kind)),
        1e-6)
        << formats::embedding_name(kind);
  }
}

INSTANTIATE_TEST_SUITE_P(, Forward, testing::ValuesIn(cases()),
                         [](const auto& value) { return value.param.name; });

TEST(Embedding, LongTextsAreTheMeanOfAllTokens) {
  const formats::ModelSource source = test::random_source(test::tiny_config(), 3);
  const test::Packed packed(source, Dtype::f32);
  const std::vector<Token> tokens = test::random_tokens(150, source.config.vocab_size, 4);
  ThreadPool pool(2);
  const auto model = packed.load(pool);
  for (const formats::Embedding kind : {formats::Embedding(), {2, false}, {2, true}}) {
    EXPECT_LT(test::largest_difference(model->embedding(tokens, kind),
                                       test::reference_embedding(source, tokens, kind)),
              1e-6);
  }
}

TEST(Embedding, IsRefusedWhereThereIsNone) {
  const formats::ModelSource source = test::random_source(test::tiny_config(), 3);
  const test::Packed packed(source, Dtype::f32);
  ThreadPool pool(1);
  const auto model = packed.load(pool);
  const auto code = [&](std::span<const Token> tokens, formats::Embedding kind) {
    return test::code_of([&] { model->embedding(tokens, kind); });
  };
  const std::vector<Token> two{1, 2};
  const std::vector<Token> bad{1, static_cast<Token>(source.config.vocab_size)};
  const std::vector<Token> endless(source.config.max_context + 1, 1);
  EXPECT_EQ(code(two, {3, false}), Code::corrupt);
  EXPECT_EQ(code({}, {1, false}), Code::bad_argument);
  EXPECT_EQ(code(bad, {1, false}), Code::bad_argument);
  EXPECT_EQ(code(endless, {1, false}), Code::context_full);
}

TEST(QueryEmbedding, ManyTextsAreEachAsTheyAreAlone) {
  const formats::ModelSource source = test::random_source(test::tiny_config(), 3);
  const test::Packed packed(source, Dtype::i8);
  ThreadPool pool(2);
  const auto model = packed.load(pool);
  std::vector<std::vector<Token>> texts;
  for (std::uint64_t seed = 0; seed < 7; ++seed) {
    texts.push_back(test::random_tokens(1 + 20 * seed, source.config.vocab_size, seed));
  }
  const std::vector<std::span<const Token>> views(texts.begin(), texts.end());
  std::vector<float> alone;  // [texts][query_dim]
  for (const std::vector<Token>& tokens : texts) {
    const std::vector<float> embedding = model->query_embedding(tokens);
    alone.insert(alone.end(), embedding.begin(), embedding.end());
  }
  EXPECT_EQ(model->query_embeddings(views), alone);
  EXPECT_TRUE(model->query_embeddings({}).empty());
}

}  // namespace
}  // namespace crayon::model
