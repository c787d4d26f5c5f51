// Trainer and runtime compute the same: models of each family, out of folders that the tests'
// writer made, and out of those that the trainer writes of them.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
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
#include "train/scales/rounded_linear.h"

namespace crayon::train {
namespace {

// What f32 sums in another order may differ by.
constexpr double tolerance = 1e-4;

/// Logits of one text, [tokens][vocab].
std::vector<float> trainer_logits(const Weights& weights, const std::vector<formats::Token>& tokens,
                                  const Compute& compute = {}) {
  const std::vector<std::int64_t> ids(tokens.begin(), tokens.end());
  const torch::Tensor stream =
      residual(weights, torch::tensor(ids, torch::kInt64).unsqueeze(0), nullptr, compute);
  const torch::Tensor rows = logits(weights, stream.squeeze(0), {}).contiguous();
  return {rows.data_ptr<float>(), rows.data_ptr<float>() + rows.numel()};
}

/// A model in the runtime, with its head in f32.
class Runtime {
 public:
  Runtime(const std::filesystem::path& folder, formats::Dtype type)
      : packed_(importers::import_model(folder, {}),
                {.weights = type, .head = formats::Dtype::f32}),
        model_(packed_.load(pool_)) {}

  std::vector<float> logits(const std::vector<formats::Token>& tokens) const {
    return test::all_logits(*model_, tokens, model::KvDtype::f32);
  }

 private:
  ThreadPool pool_{1};
  test::Packed packed_;
  std::unique_ptr<model::Model> model_;
};

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
  const Runtime runtime(folder / "saved", formats::Dtype::f32);
  EXPECT_LT(test::largest_difference(runtime.logits(ids), truth), tolerance) << "as it was written";
}

// int8's error is not only as large as the runtime's: it is the same. But where one number of a
// thousand comes to lie on the other side of the middle of two steps, because of sums and
// exponentials that differ in their last digits, all that is behind it differs. So texts are of one
// token, and some of many must agree to a fiftieth of the error; by another rule none would.
TEST_P(Agreement, OfTheErrorOfInt8) {
  const torch::NoGradGuard no_grad;
  const test::TempDir folder;
  const test::ArchVariant& variant = test::find_variant(GetParam());
  const formats::ModelSource model = test::seeded_model(variant.config, test::arch_seed);
  test::write_huggingface_folder(model, variant.huggingface, folder.path());
  const std::vector<formats::Token> ids = test::read_ids(test::data() / "arch/ids.json");
  const Weights weights = Weights::load(folder.path());
  const ChannelScales scales(weights.config);
  const Batch batch;
  const Rounding rounding;
  Compute compute;
  compute.linear = rounded_linear(scales, rounding, batch);
  const Runtime int8(folder.path(), formats::Dtype::i8);
  std::size_t agree = 0;
  for (const formats::Token id : ids) {
    const std::vector<formats::Token> text = {id};
    const std::vector<float> runtime = int8.logits(text);
    const std::vector<double> rounded(runtime.begin(), runtime.end());
    const double error = test::relative_rms(trainer_logits(weights, text), rounded);
    EXPECT_GT(error, 1e-3);
    agree += test::relative_rms(trainer_logits(weights, text, compute), rounded) < error / 50;
  }
  EXPECT_GE(agree, 4u);
  RecordProperty("agree", static_cast<int>(agree));
}

INSTANTIATE_TEST_SUITE_P(Families, Agreement, testing::Values("gpt2", "gpt_neo"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace crayon::train
