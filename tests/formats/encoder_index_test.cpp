// Hand-made indices of encoders and galleries: what comes back, and what is refused.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "formats/architecture.h"
#include "formats/bundle_index.h"
#include "tests/formats/bundle_samples.h"
#include "tests/formats/laid_index.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::data_end;
using test::lay;

Index encoder() {
  Index index;
  BundleInfo& info = index.info;
  info.kind = BundleKind::encoder;
  info.config = test::sample_text_tower();
  info.tokenizer = test::sample_tokenizer(TokenizerKind::byte_bpe);
  info.image = test::sample_image_tower();
  for (const ExpectedTensor& tensor : expected_tensors(*info.config, &*info.image)) {
    info.tensors.push_back({.name = tensor.name, .dtype = Dtype::f32, .shape = tensor.shape});
  }
  lay(index);
  return index;
}

Index gallery() {
  Index index;
  index.info.kind = BundleKind::gallery;
  index.info.base = Hash{3};
  index.info.gallery = GalleryInfo{"pictures", {"a.png", "deep/b.jpg"}};
  index.info.tensors = {{.name = "embeddings", .dtype = Dtype::i8, .shape = {2, 5}}};
  lay(index);
  return index;
}

Index through_bytes(const Index& index) {
  return decode_index(encode_index(index));
}

TEST(EncoderIndex, ComesBack) {
  const Index index = encoder();
  check_index(index, data_end);
  const Index read = through_bytes(index);
  check_index(read, data_end);
  EXPECT_EQ(read.info.kind, BundleKind::encoder);
  EXPECT_EQ(read.info.config, index.info.config);
  EXPECT_EQ(read.info.image, index.info.image);
  EXPECT_EQ(read.info.tensors.size(), index.info.tensors.size());
}

TEST(GalleryIndex, ComesBack) {
  const Index index = gallery();
  check_index(index, data_end);
  const Index read = through_bytes(index);
  check_index(read, data_end);
  EXPECT_EQ(read.info.gallery, index.info.gallery);
  EXPECT_EQ(read.info.base, index.info.base);
}

struct Bad {
  const char* name;
  std::function<void(BundleInfo&)> spoil;
  Code code;
  const char* field;
};

void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.name;
}

std::function<void(BundleInfo&)> image(const std::function<void(ImageTower&)>& spoil) {
  return [spoil](BundleInfo& info) { spoil(*info.image); };
}

constexpr auto corrupt = Code::corrupt;

const Bad bad_encoders[] = {
    {"WithoutImage", [](BundleInfo& i) { i.image.reset(); }, corrupt, "image"},
    {"WithoutTokenizer", [](BundleInfo& i) { i.tokenizer.reset(); }, corrupt, "tokenizer"},
    {"WithBase", [](BundleInfo& i) { i.base = Hash{1}; }, corrupt, "base"},
    {"WithGallery", [](BundleInfo& i) { i.gallery.emplace(); }, corrupt, "gallery"},
    {"TextWithLogits", [](BundleInfo& i) { i.config->output_dim = 0; }, corrupt, "output_dim"},
    {"TextOfImages", [](BundleInfo& i) { i.config->image_size = 6; }, corrupt, "patch_size"},
    {"OtherWidths", image([](ImageTower& t) { t.config.output_dim = 6; }), corrupt, "output_dim"},
    {"ImageOfTokens", image([](ImageTower& t) { t.config.image_size = 0; }), corrupt,
     "image.config"},
    {"PatchThatDoesNotDivide", image([](ImageTower& t) { t.config.patch_size = 4; }), corrupt,
     "patch_size"},
    {"NoPatch", image([](ImageTower& t) { t.config.patch_size = 0; }), corrupt, "patch_size"},
    {"HugeImage", image([](ImageTower& t) { t.config.image_size = 1u << 30; }), corrupt,
     "image_size"},
    {"OtherPositions", image([](ImageTower& t) { t.config.max_context = 9; }), corrupt,
     "max_context"},
    {"Words", image([](ImageTower& t) { t.config.vocab_size = 3; }), corrupt, "vocab_size"},
    {"GateWithoutAForm", image([](ImageTower& t) { t.config.gated = true; }), Code::unsupported,
     "activation"},
    {"MeanThatIsNone", image([](ImageTower& t) { t.pixels.mean[1] = NAN; }), corrupt, "pixels"},
    {"NoDeviation", image([](ImageTower& t) { t.pixels.deviation[2] = 0; }), corrupt, "pixels"},
    {"NoScale", image([](ImageTower& t) { t.logit_scale = -1; }), corrupt, "logit_scale"},
};

const Bad bad_galleries[] = {
    {"WithoutBase", [](BundleInfo& i) { i.base.reset(); }, corrupt, "base"},
    {"WithoutNames", [](BundleInfo& i) { i.gallery.reset(); }, corrupt, "gallery"},
    {"WithConfig", [](BundleInfo& i) { i.config = test::sample_text_tower(); }, corrupt, "config"},
    {"NameTooFew", [](BundleInfo& i) { i.gallery->names.pop_back(); }, corrupt, "names"},
    {"EmptyName", [](BundleInfo& i) { i.gallery->names[0].clear(); }, corrupt, "names"},
    {"UnprintableName", [](BundleInfo& i) { i.gallery->names[0] = "\x1b[2J"; }, corrupt, "names"},
    {"OtherTensor", [](BundleInfo& i) { i.tensors[0].name = "embedding"; }, corrupt, "names"},
};

/// Each refused by its field, as a writer has it and as a reader gets it.
void expect_refused(Index index, const Bad& bad) {
  bad.spoil(index.info);
  std::string sentence;
  EXPECT_EQ(code_of([&] { check_index(index, data_end); }, &sentence), bad.code);
  EXPECT_NE(sentence.find(bad.field), std::string::npos) << sentence;
  const auto read = [&] { check_index(through_bytes(index), data_end); };
  EXPECT_EQ(code_of(read, &sentence), bad.code);
  EXPECT_NE(sentence.find(bad.field), std::string::npos) << sentence;
}

class BadEncoders : public testing::TestWithParam<Bad> {};
TEST_P(BadEncoders, AreRefusedByTheirField) {
  expect_refused(encoder(), GetParam());
}
class BadGalleries : public testing::TestWithParam<Bad> {};
TEST_P(BadGalleries, AreRefusedByTheirField) {
  expect_refused(gallery(), GetParam());
}

constexpr auto name_of = [](const auto& each) { return each.param.name; };
INSTANTIATE_TEST_SUITE_P(Index, BadEncoders, testing::ValuesIn(bad_encoders), name_of);
INSTANTIATE_TEST_SUITE_P(Index, BadGalleries, testing::ValuesIn(bad_galleries), name_of);

/// A language model that is said to see all.
TEST(ModelIndex, WithLogitsIsCausal) {
  ModelConfig config = test::sample_config();
  config.causal = false;
  std::string sentence;
  EXPECT_EQ(code_of([&] { check(config); }, &sentence), Code::corrupt);
  EXPECT_NE(sentence.find("causal"), std::string::npos);
}

}  // namespace
}  // namespace crayon::formats
