#include <cmath>

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

TEST(RandomModel, RefusesAnUnknownShape) {
  EXPECT_EQ(test::code_of([] { random_model("huge", 1); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::importers
