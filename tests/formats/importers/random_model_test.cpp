#include <cmath>
#include <utility>

#include "base/file.h"
#include "formats/importers/importers.h"
#include "formats/packer.h"
#include "tests/formats/importers/tiny_llama.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

using formats::ModelSource;

TEST(RandomModel, IsWholeAndConsistent) {
  const ModelSource model = random_model("tiny", 1);
  EXPECT_NO_THROW(formats::check(model.config));
  EXPECT_NO_THROW(formats::check(model.tokenizer));
  EXPECT_EQ(model.config.vocab_size, model.tokenizer.pieces.size());
  EXPECT_EQ(model.tensors.size(), 3u + 4u * 9u);
}

TEST(RandomModel, TheSameSeedGivesTheSameRowsInAnyOrder) {
  const ModelSource model = random_model("tiny", 1);
  const ModelSource again = random_model("tiny", 1);
  const ModelSource other = random_model("tiny", 2);
  for (const formats::SourceTensor& tensor : again.tensors) {
    const std::vector<float> whole = test::read_all(model, tensor.name);
    EXPECT_NE(whole, test::read_all(other, tensor.name));
    std::vector<float> row(tensor.shape.cols);
    for (std::uint64_t i = tensor.shape.rows; i-- > 0;) {
      tensor.read_rows(i, 1, row);
      EXPECT_TRUE(std::equal(row.begin(), row.end(),
                             whole.begin() + static_cast<std::ptrdiff_t>(i * row.size())));
    }
  }
}

TEST(RandomModel, TensorsDifferAndHaveSaneSizes) {
  const ModelSource model = random_model("tiny", 7);
  EXPECT_NE(test::read_all(model, "layers.0.q"), test::read_all(model, "layers.1.q"));
  const std::vector<float> down = test::read_all(model, "layers.3.down");
  double squares = 0;
  for (const float value : down) {
    squares += static_cast<double>(value) * value;
  }
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(down.size())), 1 / std::sqrt(192.0), 0.002);
  for (const float value : test::read_all(model, "output_norm")) {
    EXPECT_NEAR(value, 1.0f, 0.2f);
  }
}

TEST(RandomModel, CanBePacked) {
  const test::TempDir folder;
  formats::pack_model(random_model("tiny", 3), {}, folder / "m.crayon", {});
  const formats::Bundle bundle = formats::Bundle::open(folder / "m.crayon");
  EXPECT_NO_THROW(bundle.verify({}));
  EXPECT_EQ(bundle.info().config, random_model("tiny", 3).config);
}

TEST(RandomModel, PublishedShapesHaveTheirPublishedSizes) {
  const std::pair<const char*, double> shapes[] = {
      {"smollm2-135m", 134.5e6}, {"smollm2-360m", 361.8e6},  {"qwen2.5-0.5b", 494.0e6},
      {"qwen3-0.6b", 596.0e6},   {"llama-3.2-1b", 1235.8e6}, {"gemma-3-270m", 268.1e6},
      {"gpt2", 124.4e6}};
  for (const auto& [shape, published] : shapes) {
    const ModelSource model = random_model(shape, 1);
    EXPECT_NO_THROW(formats::check(model.config)) << shape;
    EXPECT_NO_THROW(formats::check(model.tokenizer)) << shape;
    EXPECT_EQ(model.config.vocab_size, model.tokenizer.pieces.size()) << shape;
    double weights = 0;
    for (const formats::SourceTensor& tensor : model.tensors) {
      weights += static_cast<double>(tensor.shape.rows * tensor.shape.cols);
    }
    EXPECT_NEAR(weights / published, 1.0, 1e-3) << shape;
  }
}

TEST(RandomModel, TakesTheShapeOfAConfigFile) {
  const test::TempDir folder;
  write_text(folder / "config.json",
             R"({"architectures": ["Qwen2ForCausalLM"], "hidden_size": 32, "num_hidden_layers": 1,
                 "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48,
                 "max_position_embeddings": 64, "vocab_size": 400})");
  const ModelSource model = random_model((folder / "config.json").string(), 1);
  EXPECT_TRUE(model.config.has_bias(formats::Projection::k));
  EXPECT_EQ(model.tokenizer.pieces.size(), 400u);
  double sum = 0;
  for (const float value : test::read_all(model, "layers.0.q_bias")) {
    EXPECT_LT(std::abs(value), 0.2f);
    sum += value;
  }
  EXPECT_LT(std::abs(sum / 32), 0.1);
}

TEST(RandomModel, RefusesAnUnknownShape) {
  EXPECT_EQ(test::code_of([] { random_model("huge", 1); }), Code::bad_argument);
}

TEST(RandomModel, RefusesAVocabularyTooSmallForItsTokenizer) {
  const test::TempDir folder;
  write_text(folder / "config.json",
             R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 32, "num_hidden_layers": 1,
                 "num_attention_heads": 4, "intermediate_size": 48,
                 "max_position_embeddings": 64, "vocab_size": 383})");
  EXPECT_EQ(test::code_of([&] { random_model((folder / "config.json").string(), 1); }),
            Code::unsupported);
}

}  // namespace
}  // namespace crayon::importers
