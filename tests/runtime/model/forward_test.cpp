// The forward pass against the same thing in float64.

#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/model/reference_forward.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::Dtype;
using formats::ModelConfig;
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
      varied("LargeEpsilon", [](ModelConfig& c) { c.norm_eps = 0.3f; }),
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
  EXPECT_LT(test::largest_difference(test::all_logits(*model, tokens_, KvDtype::f32), truth_),
            2e-5);
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

TEST_P(Forward, QueryEmbeddingIsTheReference) {
  const test::Packed packed(source_, Dtype::f32);
  const std::vector<float> embedding = packed.load(pool_)->query_embedding(tokens_);
  EXPECT_LT(test::largest_difference(embedding, test::reference_query_embedding(source_, tokens_)),
            1e-6);
}

INSTANTIATE_TEST_SUITE_P(, Forward, testing::ValuesIn(cases()),
                         [](const auto& value) { return value.param.name; });

TEST(QueryEmbedding, LongTextsAreTheMeanOfAllTokens) {
  const formats::ModelSource source = test::random_source(test::tiny_config(), 3);
  const test::Packed packed(source, Dtype::f32);
  const std::vector<Token> tokens = test::random_tokens(150, source.config.vocab_size, 4);
  ThreadPool pool(2);
  const std::vector<float> embedding = packed.load(pool)->query_embedding(tokens);
  EXPECT_LT(test::largest_difference(embedding, test::reference_query_embedding(source, tokens)),
            1e-6);
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
