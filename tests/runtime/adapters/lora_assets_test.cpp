// A published form of a LoRA, PEFT folder and GGUF, against the logits that another
// implementation computed with it.

#include <gtest/gtest.h>

#include <string>

#include "formats/importers/importers.h"
#include "runtime/adapters/adapters.h"
#include "tests/runtime/model/known_logits.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using formats::Dtype;
using model::KvDtype;

class LoraFile : public testing::TestWithParam<std::string> {};

TEST_P(LoraFile, HasTheKnownLogitsAtTwoScales) {
  CRAYON_ASSET(folder, "models/arch");
  const test::Packed base(importers::import_model(folder / "llama_gqa.gguf", {}), Dtype::f32);
  const auto path = base.folder / "lora.crayon";
  formats::pack_adapter(importers::import_adapter(folder / GetParam(), base.bundle), base.bundle,
                        path);
  ThreadPool pool(2);
  const auto model = base.load(pool);
  const auto ids = test::read_ids(folder / "llama_gqa.ids.json");
  for (const std::string scale : {"1.0", "0.5"}) {
    const auto adapter = load(path, base.bundle, std::stof(scale));
    const auto known =
        test::read_logits(folder / ("llama_gqa_lora.scale" + scale + ".logits.f32.zst"));
    EXPECT_LT(test::largest_difference(test::all_logits(*model, ids, KvDtype::f32, adapter), known),
              1e-4)
        << "at scale " << scale;
  }
}

INSTANTIATE_TEST_SUITE_P(, LoraFile, testing::Values("llama_gqa_lora.peft", "llama_gqa_lora.gguf"),
                         [](const auto& value) {
                           return value.param.substr(value.param.rfind('.') + 1);
                         });

}  // namespace
}  // namespace crayon::adapters
