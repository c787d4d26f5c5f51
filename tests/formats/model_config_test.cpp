// What a configuration beyond Llama's may say, and what of it survives a bundle.

#include "formats/model_config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "formats/architecture.h"
#include "formats/bundle_index.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

/// A configuration in which no field that it uses has its default.
ModelConfig rich_config() {
  ModelConfig config = test::sample_config();
  config.norm = Norm::layer;
  config.norm_eps = 1e-3f;
  config.post_norms = config.qk_norm = true;
  config.activation = Activation::gelu_tanh;
  config.gated = false;
  config.add_bias(Projection::q);
  config.add_bias(Projection::down);
  config.embedding_scale = 3.0f;
  config.attention_scale = 0.5f;
  config.attention_softcap = 50.0f;
  config.logit_softcap = 30.0f;
  config.window = 7;
  config.windowed = {true, false};
  config.unrotated = {false, true};
  config.head_dim = 6;
  config.rope_dim = 4;
  config.rope_window_theta = 100.0f;
  config.rope_scaling = RopeScaling::longrope;
  config.rope_beta_fast = 16.0f;
  config.rope_beta_slow = 2.0f;
  config.rope_magnitude = 1.25f;
  config.rope_short_factors = {1.0f, 2.0f};
  config.rope_long_factors = {1.0f, 4.0f};
  return config;
}

TEST(ModelConfig, EverythingSurvivesAnIndex) {
  check(rich_config());
  Index index;
  index.info.kind = BundleKind::model;
  index.info.config = rich_config();
  index.info.tokenizer = test::sample_tokenizer(TokenizerKind::byte_bpe);
  EXPECT_EQ(decode_index(encode_index(index)).info.config, rich_config());

  index.info.config->positions = Positions::learned;
  EXPECT_EQ(decode_index(encode_index(index)).info.config, index.info.config);
}

TEST(ModelConfig, TensorsFollowTheFields) {
  std::string names;
  for (const ExpectedTensor& tensor : expected_tensors(rich_config())) {
    if (!tensor.name.starts_with("layers.1.")) {
      names += tensor.name + " ";
    }
  }
  EXPECT_EQ(names,
            "token_embedding layers.0.attention_norm layers.0.attention_norm_bias layers.0.q "
            "layers.0.q_bias layers.0.k layers.0.v layers.0.q_norm layers.0.k_norm layers.0.o "
            "layers.0.attention_post_norm layers.0.attention_post_norm_bias layers.0.mlp_norm "
            "layers.0.mlp_norm_bias layers.0.up layers.0.down layers.0.down_bias "
            "layers.0.mlp_post_norm layers.0.mlp_post_norm_bias output_norm output_norm_bias "
            "output_head ");
}

struct Bad {
  const char* field;
  std::function<void(ModelConfig&)> spoil;
};

TEST(ModelConfig, BadFieldsAreNamed) {
  const Bad cases[] = {
      {"embedding_scale", [](auto& c) { c.embedding_scale = 0; }},
      {"attention_scale", [](auto& c) { c.attention_scale = -1; }},
      {"attention_softcap", [](auto& c) { c.attention_softcap = NAN; }},
      {"logit_softcap", [](auto& c) { c.logit_softcap = -30; }},
      {"biases", [](auto& c) { c.biases = 0x80; }},
      {"biases", [](auto& c) { c.add_bias(Projection::gate); }},  // there is no gate
      {"windowed", [](auto& c) { c.windowed.pop_back(); }},
      {"window", [](auto& c) { c.window = 0; }},
      {"unrotated", [](auto& c) { c.unrotated.push_back(false); }},
      {"rope_dim", [](auto& c) { c.rope_dim = 8; }},
      {"rope_dim", [](auto& c) { c.rope_dim = 3; }},
      {"head_dim", [](auto& c) { c.rope_dim = 0, c.head_dim = 5; }},
      {"rope_window_theta", [](auto& c) { c.rope_window_theta = -1; }},
      {"rope_magnitude", [](auto& c) { c.rope_magnitude = 0; }},
      {"rope_short_factors", [](auto& c) { c.rope_short_factors.clear(); }},
      {"rope_long_factors",
       [](auto& c) {
         c.rope_long_factors = {1, 2, 3};
       }},
      {"rope_long_factors", [](auto& c) { c.rope_long_factors[1] = 0; }},
      {"rope_original_context", [](auto& c) { c.rope_original_context = 0; }},
      {"rope_short_factors", [](auto& c) { c.rope_scaling = RopeScaling::linear; }},
  };
  for (const Bad& bad : cases) {
    ModelConfig config = rich_config();
    bad.spoil(config);
    std::string sentence;
    EXPECT_EQ(test::code_of([&] { check(config); }, &sentence), Code::corrupt) << bad.field;
    EXPECT_TRUE(sentence.starts_with(std::string("config.") + bad.field + ": ")) << sentence;
  }
}

TEST(ModelConfig, YarnNeedsItsNumbers) {
  ModelConfig good = test::sample_config();
  good.rope_scaling = RopeScaling::yarn;
  check(good);
  const Bad cases[] = {
      {"rope_factor", [](auto& c) { c.rope_factor = 0; }},
      {"rope_original_context", [](auto& c) { c.rope_original_context = 0; }},
      {"rope_beta_fast", [](auto& c) { c.rope_beta_fast = 1; }},
      {"rope_beta_slow", [](auto& c) { c.rope_beta_slow = 0; }},
      {"rope_theta", [](auto& c) { c.rope_theta = 1; }},
  };
  for (const Bad& bad : cases) {
    ModelConfig config = good;
    bad.spoil(config);
    std::string sentence;
    EXPECT_EQ(test::code_of([&] { check(config); }, &sentence), Code::corrupt) << bad.field;
    EXPECT_TRUE(sentence.starts_with(std::string("config.") + bad.field + ": ")) << sentence;
  }
}

TEST(ModelConfig, HeadsOfLearnedPositionsMayBeOdd) {
  ModelConfig config = test::sample_config();
  config.positions = Positions::learned;
  config.head_dim = 3;
  check(config);
}

}  // namespace
}  // namespace crayon::formats
