// Trainer and runtime compute the same: models of each family, out of folders that the tests'
// writer made, and out of those that the trainer writes of them.

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "formats/importers/importers.h"
#include "tests/formats/importers/arch_variants.h"
#include "tests/formats/importers/model_writer.h"
#include "tests/formats/importers/seeded_model.h"
#include "tests/runtime/model/decode_check.h"
#include "tests/runtime/model/known_logits.h"
#include "tests/runtime/model/reference_forward.h"
#include "train/model/decoder.h"
#include "train/model/forward.h"

namespace crayon::train {
namespace {

// What f32 sums in another order may differ by.
constexpr double tolerance = 1e-4;

/// Logits of one text, [tokens][vocab].
std::vector<float> trainer_logits(const Weights& weights,
                                  const std::vector<formats::Token>& tokens) {
  const std::vector<std::int64_t> ids(tokens.begin(), tokens.end());
  const torch::Tensor stream =
      residual(weights, torch::tensor(ids, torch::kInt64).unsqueeze(0), nullptr, {});
  const torch::Tensor rows = logits(weights, stream.squeeze(0), {}).contiguous();
  return {rows.data_ptr<float>(), rows.data_ptr<float>() + rows.numel()};
}

std::vector<float> runtime_logits(const std::filesystem::path& folder,
                                  const std::vector<formats::Token>& tokens) {
  const test::Packed packed(importers::import_model(folder, {}), formats::Dtype::f32);
  ThreadPool pool(1);
  return test::all_logits(*packed.load(pool), tokens, model::KvDtype::f32);
}

class Agreement : public testing::TestWithParam<const char*> {};

// The seeded models have random biases and gains; the windows of gpt_neo's are shorter than the
// text.
TEST_P(Agreement, OfLogits) {
  const torch::NoGradGuard no_grad;
  const test::TempDir folder;
  const test::ArchVariant& variant = test::find_variant(GetParam());
  const formats::ModelSource model = test::seeded_model(variant.config, test::arch_seed);
  test::write_huggingface_folder(model, variant.huggingface, folder / "given");
  const std::vector<formats::Token> ids = test::read_ids(test::data() / "arch/ids.json");
  const std::vector<double> truth = test::reference_logits(model, ids);

  const Weights weights = Weights::load(folder / "given");
  const std::vector<float> trainer = trainer_logits(weights, ids);
  ASSERT_EQ(trainer.size(), truth.size());
  EXPECT_LT(test::largest_difference(trainer, truth), tolerance) << "as it was read";

  weights.save(folder / "saved", torch::kFloat32);
  std::filesystem::copy_file(folder / "given" / "tokenizer.json",
                             folder / "saved" / "tokenizer.json");
  EXPECT_LT(test::largest_difference(runtime_logits(folder / "saved", ids), truth), tolerance)
      << "as it was written";
}

INSTANTIATE_TEST_SUITE_P(Families, Agreement, testing::Values("gpt2", "gpt_neo"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace crayon::train
