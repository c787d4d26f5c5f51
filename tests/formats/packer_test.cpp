#include "formats/packer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/half.h"
#include "formats/quantize.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::sample_model;
using test::sample_weights;
using test::TempDir;

TEST(Packer, ModelComesBackWithEveryDtype) {
  const TempDir dir;
  const ModelSource model = sample_model(1);
  for (const Dtype dtype : {Dtype::f32, Dtype::f16, Dtype::i8, Dtype::i4}) {
    const auto path = dir / "model.crayon";
    const Hash id = pack_model(model, {.weights = dtype, .head = Dtype::f16}, path, {});
    const Bundle bundle = Bundle::open(path);
    EXPECT_EQ(bundle.id(), id);
    EXPECT_EQ(bundle.info().kind, BundleKind::model);
    EXPECT_EQ(bundle.info().config, model.config);
    EXPECT_EQ(bundle.info().tokenizer, model.tokenizer);
    EXPECT_EQ(bundle.info().provenance.source, "sample");
    EXPECT_EQ(bundle.info().provenance.source_hash, model.provenance.source_hash);
    EXPECT_EQ(bundle.info().provenance.licence, "CC0");
    EXPECT_TRUE(bundle.info().provenance.tool.starts_with("crayon "));
    EXPECT_EQ(bundle.info().tensors.size(), model.tensors.size());
    EXPECT_EQ(bundle.at("layers.1.down").dtype, dtype);
    EXPECT_EQ(bundle.at("layers.1.mlp_norm").dtype, Dtype::f32);
    EXPECT_EQ(bundle.at(token_embedding).dtype, Dtype::f16);
    EXPECT_EQ(bundle.at(output_head).dtype, Dtype::f16);
    EXPECT_EQ(bundle.read_f32(bundle.at("layers.1.mlp_norm")),
              sample_weights(model, "layers.1.mlp_norm"));

    const std::vector<float> stored = bundle.read_f32(bundle.at("layers.1.down"));
    const std::vector<float> source = sample_weights(model, "layers.1.down");
    const std::size_t cols = model.config.hidden_dim;
    ASSERT_EQ(stored.size(), source.size());
    std::vector<std::int8_t> row(cols);
    std::vector<std::uint8_t> i4_row(i4_row_bytes(cols));
    std::vector<float> from_i4(cols);
    for (std::size_t i = 0; i < source.size(); ++i) {
      if (i % cols == 0) {
        quantize_row_i8(std::span(source).subspan(i, cols), row);
        quantize_row_i4(std::span(source).subspan(i, cols), i4_row);
        dequantize_row_i4(i4_row, from_i4);
      }
      float largest = 0;
      for (std::size_t j = i / cols * cols; j < i / cols * cols + cols; ++j) {
        largest = std::max(largest, std::fabs(source[j]));
      }
      const float expected = dtype == Dtype::f32   ? source[i]
                             : dtype == Dtype::f16 ? f16_to_f32(f32_to_f16(source[i]))
                             : dtype == Dtype::i4  ? from_i4[i % cols]
                                                   : largest / 127.0f * row[i % cols];
      EXPECT_EQ(stored[i], expected) << dtype_name(dtype) << " " << i;
    }
    bundle.verify({});
  }
}

TEST(Packer, TheSameSourceGivesTheSameId) {
  const TempDir dir;
  const Hash id = pack_model(sample_model(1), {}, dir / "a", {});
  EXPECT_EQ(pack_model(sample_model(1), {}, dir / "b", {}), id);
  EXPECT_NE(pack_model(sample_model(2), {}, dir / "c", {}), id);
  EXPECT_EQ(test::file_bytes(dir / "a"), test::file_bytes(dir / "b"));
}

TEST(Packer, CountsWeights) {
  const TempDir dir;
  std::uint64_t last = 0;
  std::uint64_t all = 0;
  pack_model(sample_model(1), {}, dir / "m", [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_GT(done, last);
    last = done;
    all = total;
  });
  EXPECT_EQ(last, all);
  EXPECT_GT(all, 0u);
}

TEST(Packer, ReadsRowsInBlocks) {
  // 40,000 columns: a block has 6 rows, and the last one of 20 has 2.
  const TempDir dir;
  ModelSource model = sample_model(1);
  model.config.hidden_dim = 40000;
  std::size_t calls = 0;
  std::uint64_t largest = 0;
  for (SourceTensor& tensor : model.tensors) {
    if (tensor.name.find(".down") == std::string::npos &&
        tensor.name.find(".gate") == std::string::npos &&
        tensor.name.find(".up") == std::string::npos) {
      continue;
    }
    (tensor.shape.rows == 12 ? tensor.shape.rows : tensor.shape.cols) = 40000;
    tensor.read_rows = [&, cols = tensor.shape.cols](std::uint64_t begin, std::uint64_t count,
                                                     std::span<float> out) {
      ++calls;
      largest = std::max<std::uint64_t>(largest, out.size());
      EXPECT_EQ(out.size(), count * cols);
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<float>((begin * cols + i) % 251);
      }
    };
  }
  pack_model(model, {.weights = Dtype::f32, .head = Dtype::i8}, dir / "m", {});
  EXPECT_EQ(calls, 12u);
  EXPECT_LE(largest, 1u << 18);
  const Bundle bundle = Bundle::open(dir / "m");
  const std::vector<float> down = bundle.read_f32(bundle.at("layers.1.down"));
  for (std::size_t i = 0; i < down.size(); ++i) {
    ASSERT_EQ(down[i], static_cast<float>(i % 251));
  }
}

// Packs `model` and returns the Error; checks that no file is left.
Code refused(const ModelSource& model, std::string* sentence, PackOptions options = {}) {
  const TempDir dir;
  const Code code = code_of([&] { pack_model(model, options, dir / "m.crayon", {}); }, sentence);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  return code;
}

TEST(Packer, NamesMissingExtraAndMisshapenTensors) {
  std::string sentence;
  ModelSource model = sample_model(1);
  model.tensors.erase(model.tensors.begin() + 3);
  EXPECT_EQ(refused(model, &sentence), Code::missing_tensor);
  EXPECT_NE(sentence.find("layers.0.k"), std::string::npos) << sentence;

  model = sample_model(1);
  model.tensors.push_back(model.tensors.back());
  model.tensors.back().name = "layers.0.q_bias";
  EXPECT_EQ(refused(model, &sentence), Code::architecture);
  EXPECT_NE(sentence.find("layers.0.q_bias"), std::string::npos) << sentence;

  model = sample_model(1);
  model.tensors.push_back(model.tensors.back());
  EXPECT_EQ(refused(model, &sentence), Code::corrupt);

  model = sample_model(1);
  std::swap(model.tensors[7].shape.rows, model.tensors[7].shape.cols);
  EXPECT_EQ(refused(model, &sentence), Code::bad_shape);
  EXPECT_NE(sentence.find("layers.0.gate is [8][12]"), std::string::npos) << sentence;
}

TEST(Packer, TiedHeadNeedsAndTakesNone) {
  const TempDir dir;
  std::string sentence;
  ModelSource model = sample_model(1);
  model.config.tied_head = true;
  EXPECT_EQ(refused(model, &sentence), Code::architecture);
  EXPECT_NE(sentence.find("output_head"), std::string::npos) << sentence;
  model.tensors.pop_back();
  pack_model(model, {}, dir / "m", {});
  EXPECT_EQ(Bundle::open(dir / "m").find(output_head), nullptr);
}

TEST(Packer, RefusesNumbersThatAreNone) {
  std::string sentence;
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    ModelSource model = sample_model(1);
    SourceTensor& tensor = model.tensors[2];
    tensor.read_rows = [read = tensor.read_rows, bad](std::uint64_t begin, std::uint64_t count,
                                                      std::span<float> out) {
      read(begin, count, out);
      out[5 * 8 + 3] = bad;
    };
    EXPECT_EQ(refused(model, &sentence), Code::corrupt);
    EXPECT_NE(sentence.find("layers.0.q, row 5"), std::string::npos) << sentence;
  }
}

TEST(Packer, RefusesWhatF16CannotHold) {
  std::string sentence;
  ModelSource model = sample_model(1);
  SourceTensor& tensor = model.tensors[2];
  const auto read = tensor.read_rows;
  float value = 65519.0f;
  tensor.read_rows = [&](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
    read(begin, count, out);
    out[0] = value;
  };
  const TempDir dir;
  pack_model(model, {.weights = Dtype::f16, .head = Dtype::f16}, dir / "m", {});
  value = -65520.0f;
  EXPECT_EQ(refused(model, &sentence, {.weights = Dtype::f16, .head = Dtype::f16}),
            Code::over_limit);
  pack_model(model, {.weights = Dtype::i8, .head = Dtype::f16}, dir / "m", {});
}

TEST(Packer, RefusesWhatI4CannotHold) {
  std::string sentence;
  ModelSource model = sample_model(1);
  SourceTensor& tensor = model.tensors[2];
  float value = 524031.0f;
  tensor.read_rows = [&, read = tensor.read_rows](std::uint64_t begin, std::uint64_t count,
                                                  std::span<float> out) {
    read(begin, count, out);
    out[0] = value;
  };
  const TempDir dir;
  pack_model(model, {.weights = Dtype::i4}, dir / "m", {});
  const Bundle bundle = Bundle::open(dir / "m");
  EXPECT_NEAR(bundle.read_f32(bundle.at("layers.0.q"))[0], value, 0.001f * value);
  value = -524032.0f;
  EXPECT_EQ(refused(model, &sentence, {.weights = Dtype::i4}), Code::over_limit);
  EXPECT_NE(sentence.find("layers.0.q, row 0"), std::string::npos) << sentence;
}

TEST(Packer, RefusesABadConfigurationOrTokenizer) {
  std::string sentence;
  ModelSource model = sample_model(1);
  model.config.kv_heads = 3;
  EXPECT_EQ(refused(model, &sentence), Code::corrupt);
  EXPECT_NE(sentence.find("config.kv_heads"), std::string::npos) << sentence;
  model = sample_model(1);
  model.tokenizer.merges.push_back({3, 3});
  EXPECT_EQ(refused(model, &sentence), Code::bad_tokenizer);
  EXPECT_NE(sentence.find("tokenizer.merges[1]"), std::string::npos) << sentence;
  model = sample_model(1);
  model.tokenizer.pieces.emplace_back("c");
  model.tokenizer.types.push_back(TokenType::normal);
  EXPECT_EQ(refused(model, &sentence), Code::corrupt);
  EXPECT_NE(sentence.find("tokenizer.pieces"), std::string::npos) << sentence;
}

}  // namespace
}  // namespace crayon::formats
