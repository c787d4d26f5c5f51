// A published form of a LoRA, PEFT folder and GGUF, against the logits that another
// implementation computed with it.

#include <gtest/gtest.h>

#include <algorithm>
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
  const std::string name = GetParam().substr(0, GetParam().find("_lora"));
  const test::Packed base(importers::import_model(folder / (name + ".gguf"), {}), Dtype::f32);
  const auto path = base.folder / "lora.crayon";
  formats::pack_adapter(importers::import_adapter(folder / GetParam(), base.bundle), base.bundle,
                        path);
  const auto lora = formats::read_adapter(formats::Bundle::open(path), 0, base.bundle);
  ThreadPool pool(2);
  const auto model = base.load(pool);
  const auto ids = test::read_ids(folder / (name + ".ids.json"));
  for (const std::string scale : {"1.0", "0.5"}) {
    const Part part{&lora, std::stof(scale)};
    const auto adapter = combine({&part, 1}, base.bundle);
    const auto known =
        test::read_logits(folder / (name + "_lora.scale" + scale + ".logits.f32.zst"));
    EXPECT_LT(test::largest_difference(test::all_logits(*model, ids, KvDtype::f32, adapter), known),
              1e-4)
        << "at scale " << scale;
  }
}

// The rows of Llama's q and k are permuted in a GGUF, those of Qwen2's are not.
INSTANTIATE_TEST_SUITE_P(, LoraFile,
                         testing::Values("llama_gqa_lora.peft", "llama_gqa_lora.gguf",
                                         "qwen2_lora.peft", "qwen2_lora.gguf"),
                         [](const auto& value) {
                           std::string name = value.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace crayon::adapters
