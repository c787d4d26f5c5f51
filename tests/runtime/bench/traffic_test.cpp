#include "runtime/bench/traffic.h"

#include <gtest/gtest.h>

#include "tests/runtime/model/tiny_model.h"

namespace crayon::bench {
namespace {

TEST(Traffic, OfATableOneRowIsRead) {
  formats::ModelConfig config = test::tiny_config();
  ASSERT_FALSE(config.tied_head);
  const test::Packed untied(test::random_source(config, 1), formats::Dtype::f32);
  config.tied_head = true;
  const test::Packed tied(test::random_source(config, 1), formats::Dtype::f32);
  const kernels::Layout& layout = kernels::by_name("scalar").layout;
  // Untied: the head, and a row of the embeddings. Tied: one matrix that is both.
  EXPECT_EQ(weight_bytes_read(untied.bundle.info(), layout) -
                weight_bytes_read(tied.bundle.info(), layout),
            config.dim * sizeof(float));
}

TEST(Traffic, OfF32EveryNumberIsFourBytes) {
  formats::ModelConfig config = test::tiny_config();
  config.tied_head = true;
  const test::Packed packed(test::random_source(config, 1), formats::Dtype::f32);
  std::uint64_t numbers = 0;
  for (const formats::TensorEntry& tensor : packed.bundle.info().tensors) {
    numbers += tensor.shape.rows * tensor.shape.cols;
  }
  EXPECT_EQ(weight_bytes_read(packed.bundle.info(), kernels::by_name("scalar").layout),
            numbers * sizeof(float));
}

TEST(Traffic, KeysAndValuesUpToTheTokenItself) {
  formats::ModelConfig config = test::tiny_config();
  config.head_dim = 16;  // of other sizes, values are padded
  config.dim = config.heads * config.head_dim;
  const std::uint64_t a_position = 2 * config.kv_dim() * sizeof(std::uint16_t);
  EXPECT_EQ(kv_bytes_read(config, model::KvDtype::f16, 9), config.layers * 10 * a_position);
  config.window = 4;
  config.windowed.assign(config.layers, false);
  config.windowed[0] = true;
  EXPECT_EQ(kv_bytes_read(config, model::KvDtype::f16, 9),
            ((config.layers - 1) * 10 + 4) * a_position);
}

}  // namespace
}  // namespace crayon::bench
