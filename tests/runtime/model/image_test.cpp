// A packed image is used when it fits, gives the same bits, and is passed over when it does not.

#include "runtime/model/image.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/file.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::model {
namespace {

using formats::Dtype;

std::vector<std::uint8_t> bytes_of(const std::filesystem::path& path) {
  const File file(path);
  std::vector<std::uint8_t> bytes(file.size());
  file.read_at(0, bytes);
  return bytes;
}

void replace(const std::filesystem::path& path, ByteSpan bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

class ImageTest : public testing::TestWithParam<Dtype> {
 protected:
  std::vector<float> logits(const Model& model) const {
    return test::all_logits(model, std::vector<Token>{1, 2, 3, 4}, KvDtype::f16);
  }

  ThreadPool pool_{2};
  const kernels::KernelSet& kernels_ = kernels::select();
  const test::Packed packed_{test::random_source(test::tiny_config(), 51),
                             {.weights = GetParam(), .head = Dtype::i8}};
};

TEST_P(ImageTest, IsUsedAndGivesTheSameBits) {
  EXPECT_EQ(image_state(packed_.bundle, kernels_), "none");
  const auto decoded = packed_.load(pool_);
  EXPECT_FALSE(decoded->uses_image());
  const std::filesystem::path path = write_image(packed_.bundle, {&kernels_, &pool_});
  EXPECT_EQ(image_state(packed_.bundle, kernels_), "fits");
  const auto mapped = packed_.load(pool_);
  EXPECT_TRUE(mapped->uses_image());
  EXPECT_EQ(logits(*mapped), logits(*decoded));

  const auto first = bytes_of(path);
  write_image(packed_.bundle, {&kernels_, &pool_});
  EXPECT_EQ(bytes_of(path), first) << "the same weights are the same bytes";

  EXPECT_EQ(verify_images(packed_.bundle), std::vector<std::filesystem::path>{path});
  EXPECT_EQ(remove_images(packed_.bundle.path()), std::vector<std::filesystem::path>{path});
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(packed_.load(pool_)->uses_image());
  EXPECT_EQ(logits(*mapped), logits(*decoded)) << "a mapped file lives on without its name";
}

TEST_P(ImageTest, OfEveryKernelSetHasItsOwnLayout) {
  const auto expected = logits(*packed_.load(pool_));
  for (const kernels::KernelSet* set : kernels::all()) {
    if (kernels::runs_here(*set)) {
      write_image(packed_.bundle, {set, &pool_});
      const auto model = packed_.load(pool_, *set);
      EXPECT_TRUE(model->uses_image()) << set->name;
      EXPECT_EQ(logits(*model), expected) << set->name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, ImageTest, testing::Values(Dtype::f32, Dtype::f16, Dtype::i8, Dtype::i4),
                         [](const auto& value) { return std::string(dtype_name(value.param)); });

class StaleImage : public testing::Test {
 protected:
  StaleImage() : path_(write_image(packed_.bundle, {&kernels_, &pool_})), good_(bytes_of(path_)) {}

  /// It is not used, for a reason that is told, and the model runs all the same.
  void expect_passed_over(const std::string& why) const {
    EXPECT_EQ(image_state(packed_.bundle, kernels_), "not used: " + why);
    EXPECT_FALSE(packed_.load(pool_)->uses_image()) << why;
    EXPECT_TRUE(verify_images(packed_.bundle).empty());
  }

  mutable ThreadPool pool_{1};
  const kernels::KernelSet& kernels_ = kernels::select();
  const test::Packed packed_{test::random_source(test::tiny_config(), 52), Dtype::i8};
  const std::filesystem::path path_;
  const std::vector<std::uint8_t> good_;
};

TEST_F(StaleImage, EveryByteOfTheHeaderCounts) {
  for (std::size_t i = 0; i < 160; ++i) {
    std::vector<std::uint8_t> bytes = good_;
    bytes[i] ^= static_cast<std::uint8_t>(1u << (i % 8));
    replace(path_, bytes);
    EXPECT_FALSE(packed_.load(pool_)->uses_image()) << i;
    EXPECT_TRUE(image_state(packed_.bundle, kernels_).starts_with("not used: it is ") ||
                image_state(packed_.bundle, kernels_) == "not used: its header is damaged")
        << i;
  }
}

TEST_F(StaleImage, OfAnotherSizeIsPassedOver) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{159}}) {
    replace(path_, ByteSpan(good_).first(size));
    expect_passed_over("it is cut short");
  }
  for (const std::size_t size :
       {std::size_t{160}, std::size_t{65536}, good_.size() - 4096, good_.size() - 1}) {
    replace(path_, ByteSpan(good_).first(size));
    expect_passed_over("its size is not what its weights take");
  }
  std::vector<std::uint8_t> longer = good_;
  longer.push_back(0);
  replace(path_, longer);
  expect_passed_over("its size is not what its weights take");
}

TEST_F(StaleImage, OfAnotherBundleOrLayoutIsPassedOver) {
  const test::Packed other(test::random_source(test::tiny_config(), 53), Dtype::i8);
  const auto of_other = write_image(other.bundle, {&kernels_, &pool_});
  replace(path_, bytes_of(of_other));
  expect_passed_over("it was made from another bundle");

  const kernels::KernelSet* const scalar = kernels::all().back();
  if (&kernels_ != scalar && kernels_.layout.i8.id != scalar->layout.i8.id) {
    const auto of_scalar = write_image(packed_.bundle, {scalar, &pool_});
    std::filesystem::rename(of_scalar, path_);
    expect_passed_over("it was made for another layout");
  }
}

TEST_F(StaleImage, AnythingElseUnderItsNameIsPassedOver) {
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(image_state(packed_.bundle, kernels_).starts_with("not used: "));
  EXPECT_FALSE(packed_.load(pool_)->uses_image());
  std::filesystem::remove(path_);
  replace(path_, std::vector<std::uint8_t>(200, 7));
  expect_passed_over("it is no packed image");
}

TEST_F(StaleImage, DamagedWeightsAreFoundByVerify) {
  std::vector<std::uint8_t> bytes = good_;
  bytes.back() ^= 1;
  replace(path_, bytes);
  std::string sentence;
  EXPECT_EQ(test::code_of([&] { verify_images(packed_.bundle); }, &sentence), Code::corrupt);
  EXPECT_NE(sentence.find(path_.string()), std::string::npos) << sentence;
  // Weights are numbers: whatever they are, they are run, and nothing worse happens.
  for (std::size_t i = 65536; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 37);
  }
  replace(path_, bytes);
  const auto model = packed_.load(pool_);
  EXPECT_TRUE(model->uses_image());
  (void)test::all_logits(*model, std::vector<Token>{1, 2, 3}, KvDtype::f16);
}

}  // namespace
}  // namespace crayon::model
