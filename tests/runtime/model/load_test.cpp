// Bundles whose index is sound but whose tensors are not those of the model it describes.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::Bundle;
using formats::Dtype;
using formats::TensorEntry;

/// Writes the tensors of `from` again as `change` would have them; an empty name leaves one out.
Bundle rewritten(const Bundle& from, const std::filesystem::path& path,
                 const std::function<void(TensorEntry&)>& change) {
  formats::BundleWriter writer(path, formats::BundleKind::model);
  for (TensorEntry tensor : from.info().tensors) {
    change(tensor);
    if (tensor.name.empty()) {
      continue;
    }
    const std::vector<std::uint8_t> zeros(
        formats::stored_bytes(tensor.dtype, tensor.shape, tensor.name));
    writer.begin_tensor(tensor.name, tensor.dtype, tensor.shape);
    writer.write(zeros);
  }
  writer.finish(from.info());
  return Bundle::open(path);
}

class Load : public testing::Test {
 protected:
  Code load(const std::function<void(TensorEntry&)>& change, std::string* sentence = nullptr) {
    const Bundle bundle = rewritten(packed_.bundle, packed_.folder / "changed.crayon", change);
    return test::code_of([&] { Model::load(bundle, kernels::select(), pool_); }, sentence);
  }

  const test::Packed packed_{test::random_source(test::tiny_config(), 31), Dtype::i8};
  ThreadPool pool_{2};
};

TEST_F(Load, EveryTensorIsNeeded) {
  for (const TensorEntry& left_out : packed_.bundle.info().tensors) {
    std::string sentence;
    const Code code = load(
        [&](TensorEntry& tensor) {
          if (tensor.name == left_out.name) {
            tensor.name.clear();
          }
        },
        &sentence);
    EXPECT_EQ(code, Code::missing_tensor) << left_out.name;
    EXPECT_NE(sentence.find(left_out.name), std::string::npos) << sentence;
  }
}

TEST_F(Load, EveryShapeIsChecked) {
  for (const TensorEntry& bent : packed_.bundle.info().tensors) {
    std::string sentence;
    const Code code = load(
        [&](TensorEntry& tensor) {
          if (tensor.name == bent.name) {
            tensor.shape.cols += 1;
          }
        },
        &sentence);
    EXPECT_EQ(code, Code::bad_shape) << bent.name;
    EXPECT_NE(sentence.find(bent.name), std::string::npos) << sentence;
  }
}

TEST_F(Load, NormsAreF32) {
  EXPECT_EQ(load([](TensorEntry& tensor) {
              if (tensor.name == "output_norm") {
                tensor.dtype = Dtype::f16;
              }
            }),
            Code::unsupported);
}

TEST_F(Load, DtypesMayDiffer) {
  const Bundle bundle =
      rewritten(packed_.bundle, packed_.folder / "mixed.crayon", [](TensorEntry& tensor) {
        if (tensor.name == "layers.0.k" || tensor.name == "output_head") {
          tensor.dtype = Dtype::f16;
        } else if (tensor.name == "layers.0.v" || tensor.name == "token_embedding") {
          tensor.dtype = Dtype::f32;
        }
      });
  const auto model = Model::load(bundle, kernels::select(), pool_);
  // All weights are 0, and so are all logits.
  const std::vector<float> logits =
      test::all_logits(*model, std::vector<Token>{1, 2, 3}, KvDtype::f16);
  EXPECT_TRUE(std::ranges::all_of(logits, [](float logit) { return logit == 0; }));
}

TEST_F(Load, OnlyModelsAreModels) {
  const formats::AdapterSource adapter =
      test::random_adapter(*packed_.bundle.info().config, 2, 1.0f, 1);
  formats::pack_adapter(adapter, packed_.bundle, packed_.folder / "a.crayon");
  const Bundle bundle = Bundle::open(packed_.folder / "a.crayon");
  EXPECT_EQ(test::code_of([&] { Model::load(bundle, kernels::select(), pool_); }),
            Code::bad_argument);
  EXPECT_EQ(
      test::code_of([&] { Model::estimate(bundle.info(), kernels::select(), 16, KvDtype::f16); }),
      Code::bad_argument);
}

}  // namespace
}  // namespace crayon::model
