// Tiny models of every architecture, from both forms through importer, bundle and forward pass,
// against the logits of llama.cpp (tests/data/README.md) and of the float64 reference.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "formats/importers/importers.h"
#include "tests/formats/importers/arch_variants.h"
#include "tests/formats/importers/model_writer.h"
#include "tests/formats/importers/seeded_model.h"
#include "tests/runtime/model/decode_check.h"
#include "tests/runtime/model/known_logits.h"
#include "tests/runtime/model/reference_forward.h"

namespace crayon::model {
namespace {

using formats::ModelConfig;
using formats::ModelSource;

// What f32 sums in another order may differ by; measured: docs/models.md.
constexpr double tolerance = 2e-5;

enum class Form : std::uint8_t { gguf, folder };

struct Case {
  const test::ArchVariant* variant;
  Form form;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const test::ArchVariant& variant : test::arch_variants()) {
    if (variant.gguf) {
      all.push_back({&variant, Form::gguf});
    }
    all.push_back({&variant, Form::folder});
  }
  return all;
}

class ArchLogits : public testing::TestWithParam<Case> {
 protected:
  const test::ArchVariant& variant() const { return *GetParam().variant; }

  ModelSource import() const {
    const ModelSource model = test::seeded_model(variant().config, test::arch_seed);
    if (GetParam().form == Form::gguf) {
      test::write_file(folder_ / "m.gguf", test::model_gguf(model).bytes());
      return importers::import_model(folder_ / "m.gguf", {});
    }
    test::write_huggingface_folder(model, variant().huggingface, folder_ / "m");
    return importers::import_model(folder_ / "m", {});
  }

  void expect_near(std::span<const float> logits, std::span<const double> truth,
                   const char* whose) {
    const double difference = test::largest_difference(logits, truth);
    EXPECT_LT(difference, tolerance) << whose;
    RecordProperty(whose, fmt::format("{:.1e}", difference));
  }

  test::TempDir folder_;
  std::vector<formats::Token> ids_ = test::read_ids(test::data() / "arch/ids.json");
};

TEST_P(ArchLogits, AreThoseOfOthers) {
  const ModelSource source = import();
  const test::Packed packed(source, formats::Dtype::f32);
  ThreadPool pool(2);
  const std::vector<float> logits = test::all_logits(*packed.load(pool), ids_, KvDtype::f32);
  expect_near(logits, test::reference_logits(source, ids_), "reference");
  const auto known = test::data() / ("arch/" + variant().name + ".logits.f32.zst");
  if (std::filesystem::exists(known)) {
    expect_near(logits, test::read_logits(known), "llama_cpp");
  }
}

TEST_P(ArchLogits, AreTheSameTokenByToken) {
  const test::Packed packed(import(), formats::Dtype::f32);
  ThreadPool pool(1);
  const std::vector<float> logits = test::all_logits(*packed.load(pool), ids_, KvDtype::f32);
  test::expect_decode_is_prefill(packed, ids_, logits, [](Session&) {});
}

// The known logits are worth something only if they would be others without what an architecture
// has of its own.
struct Field {
  std::string variant;
  std::string name;
  void (*forget)(ModelConfig& config);
};

class EachField : public testing::TestWithParam<Field> {};

TEST_P(EachField, ChangesTheLogits) {
  ModelConfig config = test::find_variant(GetParam().variant).config;
  const auto ids = test::read_ids(test::data() / "arch/ids.json");
  const std::vector<double> right =
      test::reference_logits(test::seeded_model(config, test::arch_seed), ids);
  GetParam().forget(config);
  ModelSource other =
      test::seeded_model(test::find_variant(GetParam().variant).config, test::arch_seed);
  other.config = config;
  const std::vector<double> wrong = test::reference_logits(other, ids);
  const std::vector<float> rounded(wrong.begin(), wrong.end());
  EXPECT_GT(test::largest_difference(rounded, right), 100 * tolerance);
}

INSTANTIATE_TEST_SUITE_P(
    , EachField,
    testing::Values(
        Field{"llama_linear", "rope_factor", [](auto& c) { c.rope_factor = 2; }},
        Field{"llama3", "rope_low_freq_factor", [](auto& c) { c.rope_low_freq_factor = 2; }},
        Field{"llama3", "rope_original_context", [](auto& c) { c.rope_original_context = 32; }},
        Field{"llama_yarn", "rope_magnitude", [](auto& c) { c.rope_magnitude = 1; }},
        Field{"llama_yarn", "rope_beta_fast", [](auto& c) { c.rope_beta_fast = 8; }},
        Field{"llama_yarn", "rope_beta_slow", [](auto& c) { c.rope_beta_slow = 4; }},
        Field{"llama_bias", "biases", [](auto& c) { c.biases = 0; }},
        Field{"smollm3", "unrotated", [](auto& c) { c.unrotated = {}; }},
        Field{"mistral_window", "window", [](auto& c) { c.window = 17; }},
        Field{"qwen3", "qk_norm", [](auto& c) { c.qk_norm = false; }},
        Field{"gemma", "embedding_scale", [](auto& c) { c.embedding_scale = 1; }},
        Field{"gemma", "activation", [](auto& c) { c.activation = formats::Activation::silu; }},
        Field{"gemma2", "attention_softcap", [](auto& c) { c.attention_softcap = 50; }},
        Field{"gemma2", "logit_softcap", [](auto& c) { c.logit_softcap = 30; }},
        Field{"gemma2", "post_norms", [](auto& c) { c.post_norms = false; }},
        Field{"gemma2", "windowed", [](auto& c) { c.windowed.flip(); }},
        Field{"gemma3", "rope_window_theta", [](auto& c) { c.rope_window_theta = 0; }},
        Field{"gemma3", "rope_scaling", [](auto& c) { c.rope_factor = 1; }},
        Field{"phi3_short", "rope_short_factors",
              [](auto& c) { c.rope_short_factors = c.rope_long_factors; }},
        Field{"phi3_long", "rope_long_factors",
              [](auto& c) { c.rope_long_factors = c.rope_short_factors; }},
        Field{"phi3_long", "rope_magnitude", [](auto& c) { c.rope_magnitude = 1; }},
        Field{"gpt2", "norm_eps", [](auto& c) { c.norm_eps = 1e-2f; }},
        Field{"gpt_neo", "attention_scale", [](auto& c) { c.attention_scale = 0; }}),
    [](const auto& value) { return value.param.variant + "_" + value.param.name; });

INSTANTIATE_TEST_SUITE_P(, ArchLogits, testing::ValuesIn(cases()), [](const auto& value) {
  return value.param.variant->name + (value.param.form == Form::gguf ? "_gguf" : "_folder");
});

}  // namespace
}  // namespace crayon::model
