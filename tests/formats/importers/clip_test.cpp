#include "formats/importers/clip.h"

#include <cmath>

#include "formats/importers/importers.h"
#include "tests/formats/importers/clip_folder.h"
#include "tests/formats/importers/tiny_tokenizer_json.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ModelSource;
using test::clip_numbers;
using test::code_of;
using test::read_all;
using test::SafetensorsWriter;

class Clip : public testing::Test {
 protected:
  void write_huggingface(const Json& config, const SafetensorsWriter& weights) {
    test::write_json(folder_ / "config.json", config);
    test::write_file(folder_ / "model.safetensors", weights.bytes());
  }
  void write_open(const Json& config) {
    test::write_json(folder_ / "open_clip_config.json", config);
    test::write_file(folder_ / "open_clip_model.safetensors", test::clip_weights(true).bytes());
  }
  ModelSource read() { return read_clip_model(folder_.path()); }
  /// Expects an error of that code whose sentence has `word`.
  void expect_refused(Code code, const std::string& word) {
    std::string sentence;
    EXPECT_EQ(code_of([&] { read(); }, &sentence), code) << sentence;
    EXPECT_NE(sentence.find(word), std::string::npos) << sentence;
    EXPECT_NE(sentence.find(folder_.path().string()), std::string::npos) << sentence;
  }

  test::TempDir folder_;
};

void expect_towers(const ModelSource& model) {
  EXPECT_EQ(model.config.dim, 8u);
  EXPECT_EQ(model.config.layers, 1u);
  EXPECT_EQ(model.config.hidden_dim, 16u);
  EXPECT_EQ(model.config.vocab_size, 6u);
  EXPECT_EQ(model.config.max_context, 8u);
  EXPECT_TRUE(model.config.causal);
  ASSERT_TRUE(model.image);
  const formats::ModelConfig& image = model.image->config;
  EXPECT_EQ(image.layers, 2u);
  EXPECT_EQ(image.heads, 2u);
  EXPECT_EQ(image.hidden_dim, 12u);
  EXPECT_EQ(image.max_context, 10u);  // the class token and 3 x 3 patches
  EXPECT_FALSE(image.causal);
  EXPECT_EQ(image.output_dim, 4u);
  EXPECT_EQ(model.config.output_dim, 4u);
}

TEST_F(Clip, ReadsHuggingFacesNames) {
  write_huggingface(test::clip_config_json(), test::clip_weights(false));
  ASSERT_TRUE(is_clip_folder(folder_.path()));
  const ModelSource model = read();
  expect_towers(model);
  EXPECT_EQ(model.config.activation, formats::Activation::gelu_quick);
  EXPECT_EQ(model.image->config.activation, formats::Activation::gelu_erf);
  EXPECT_NEAR(model.image->logit_scale, 100 / 7.0, 0.01);  // exp(2.6592)
  EXPECT_EQ(read_all(model, "token_embedding"),
            clip_numbers("text_model.embeddings.token_embedding.weight", 6 * 8));
  EXPECT_EQ(read_all(model, "image.layers.1.k_bias"),
            clip_numbers("vision_model.encoder.layers.1.self_attn.k_proj.bias", 8));
  EXPECT_EQ(read_all(model, "image.class_embedding"),
            clip_numbers("vision_model.embeddings.class_embedding", 8));
  // [8][3][2][2], as a matrix.
  EXPECT_EQ(read_all(model, "image.patch_embedding"),
            clip_numbers("vision_model.embeddings.patch_embedding.weight", 8 * 12));
}

TEST_F(Clip, ReadsOpenClipsNames) {
  write_open(test::open_clip_config_json());
  ASSERT_TRUE(is_clip_folder(folder_.path()));
  const ModelSource model = read();
  expect_towers(model);
  EXPECT_EQ(model.image->config.activation, formats::Activation::gelu_quick);
  EXPECT_EQ(model.image->pixels.mean, (std::array{0.5f, 0.25f, 0.125f}));
  EXPECT_EQ(model.image->pixels.deviation, (std::array{0.5f, 1.0f, 2.0f}));
  // q, k and v lie one below the other.
  const std::vector<float> fused =
      clip_numbers("visual.transformer.resblocks.1.attn.in_proj_weight", 3 * 8 * 8);
  EXPECT_EQ(read_all(model, "image.layers.1.v"), std::vector(fused.end() - 64, fused.end()));
  const std::vector<float> biases = clip_numbers("transformer.resblocks.0.attn.in_proj_bias", 24);
  EXPECT_EQ(read_all(model, "layers.0.k_bias"),
            std::vector(biases.begin() + 8, biases.begin() + 16));
  // [8][4], of which the bundle wants the columns.
  const std::vector<float> projection = clip_numbers("text_projection", 8 * 4);
  const std::vector<float> turned = read_all(model, "output_projection");
  ASSERT_EQ(turned.size(), projection.size());
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t col = 0; col < 8; ++col) {
      EXPECT_EQ(turned[row * 8 + col], projection[col * 4 + row]);
    }
  }
}

TEST_F(Clip, ImportsAWholeFolder) {
  write_huggingface(test::clip_config_json(), test::clip_weights(false));
  test::write_json(folder_ / "tokenizer.json", test::clip_json());
  const ModelSource model = import_model(folder_.path(), {});
  EXPECT_EQ(model.tokenizer.kind, formats::TokenizerKind::clip_bpe);
  EXPECT_EQ(model.provenance.source, folder_.path().filename().string());
}

TEST_F(Clip, TheTemperatureThatWasLearnedCounts) {
  SafetensorsWriter weights = test::clip_weights(false);
  weights.add_f32("logit_scale", {}, std::vector<float>{2.0f});
  write_huggingface(test::clip_config_json(), weights);
  EXPECT_FLOAT_EQ(read().image->logit_scale, std::exp(2.0f));

  SafetensorsWriter endless = test::clip_weights(false);
  endless.add_f32("logit_scale", {}, std::vector<float>{1000.0f});
  write_huggingface(test::clip_config_json(), endless);
  expect_refused(Code::corrupt, "logit_scale");
}

TEST_F(Clip, PixelsAreScaledAsThePreprocessorSays) {
  write_huggingface(test::clip_config_json(), test::clip_weights(false));
  const auto preprocessor = [&](const Json& json) {
    test::write_json(folder_ / "preprocessor_config.json", json);
  };
  preprocessor({{"size", {{"shortest_edge", 6}}}, {"crop_size", 6}, {"image_mean", {0, 1, 2}}});
  EXPECT_EQ(read().image->pixels.mean, (std::array{0.0f, 1.0f, 2.0f}));

  preprocessor({{"image_std", {0, 1, 1}}});
  expect_refused(Code::corrupt, "deviation");
  preprocessor({{"image_mean", {0.5, 0.5}}});
  expect_refused(Code::malformed, "image_mean");
  preprocessor({{"resample", 2}});
  expect_refused(Code::unsupported, "resample");
  preprocessor({{"do_center_crop", false}});
  expect_refused(Code::unsupported, "do_center_crop");
  preprocessor({{"crop_size", {{"height", 8}}}});
  expect_refused(Code::unsupported, "crop_size");
  preprocessor({{"size", 8}});
  expect_refused(Code::unsupported, "size");
}

TEST_F(Clip, RefusesWhatWouldBeComputedOtherwise) {
  const auto changed = [&](const char* tower, const char* field, const Json& value) {
    Json config = test::clip_config_json();
    config[tower][field] = value;
    write_huggingface(config, test::clip_weights(false));
  };
  changed("vision_config", "patch_size", 0);
  expect_refused(Code::corrupt, "patch_size");
  changed("vision_config", "patch_size", 4);
  expect_refused(Code::corrupt, "patch_size");
  changed("text_config", "hidden_act", "relu");
  expect_refused(Code::unsupported, "hidden_act");
  changed("vision_config", "hidden_size", 12);
  expect_refused(Code::bad_shape, "vision_model");
  std::filesystem::remove(folder_ / "config.json");

  Json config = test::open_clip_config_json();
  config["model_cfg"]["vision_cfg"]["timm_model_name"] = "a convolution";
  write_open(config);
  expect_refused(Code::unsupported, "timm_model_name");
  config = test::open_clip_config_json();
  config["model_cfg"]["custom_text"] = true;
  write_open(config);
  expect_refused(Code::unsupported, "custom_text");
  config = test::open_clip_config_json();
  config["model_cfg"].erase("text_cfg");
  write_open(config);
  expect_refused(Code::malformed, "text_cfg");
  config = test::open_clip_config_json();
  config["model_cfg"]["vision_cfg"]["head_width"] = 0;
  write_open(config);
  expect_refused(Code::corrupt, "heads");
}

}  // namespace
}  // namespace crayon::importers
