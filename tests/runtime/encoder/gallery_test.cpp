#include "runtime/encoder/gallery.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "kernels/kernel_set.h"
#include "tests/support/support.h"

namespace crayon::encoder {
namespace {

constexpr std::size_t images = 300, dim = 40;

/// Vectors of length 1: [count][dim].
std::vector<float> unit_vectors(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> vectors(count * dim);
  for (std::size_t row = 0; row < count; ++row) {
    const std::span<float> vector = std::span(vectors).subspan(row * dim, dim);
    double squares = 0;
    for (float& value : vector) {
      value = static_cast<float>(2 * random.uniform() - 1);
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
    for (float& value : vector) {
      value /= static_cast<float>(std::sqrt(squares));
    }
  }
  return vectors;
}

class GalleryOfVectors : public testing::Test {
 protected:
  GalleryOfVectors() {
    base_.fill(7);
    for (std::size_t i = 0; i < images; ++i) {
      info_.names.push_back(fmt::format("picture {}.png", i));
    }
    id_ = write_gallery(info_, embeddings_, base_, path_);
  }

  test::TempDir folder_;
  const std::filesystem::path path_ = folder_.path() / "g.crayon";
  const std::vector<float> embeddings_ = unit_vectors(images, 1);
  formats::Hash base_{};
  formats::GalleryInfo info_{.folder = "pictures", .names = {}};
  formats::Hash id_{};
  ThreadPool pool_{2};
};

TEST_F(GalleryOfVectors, FindsWhatTheFloatsFind) {
  const formats::Bundle bundle = formats::Bundle::open(path_);
  bundle.verify({});
  Gallery gallery(bundle, {&kernels::select(), &pool_});
  EXPECT_EQ(gallery.info(), info_);
  EXPECT_EQ(gallery.base(), base_);
  EXPECT_EQ(gallery.size(), images);
  const std::vector<float> queries = unit_vectors(20, 2);
  for (std::size_t q = 0; q < 20; ++q) {
    const std::span<const float> query = std::span(queries).subspan(q * dim, dim);
    const std::vector<float> cosines = gallery.cosines(query);
    for (std::size_t i = 0; i < images; ++i) {
      double exact = 0;
      for (std::size_t d = 0; d < dim; ++d) {
        exact += static_cast<double>(query[d]) * static_cast<double>(embeddings_[i * dim + d]);
      }
      ASSERT_NEAR(cosines[i], exact, 0.01);
    }
    const std::vector<Hit> hits = gallery.search(query, 5);
    ASSERT_EQ(hits.size(), 5u);
    for (std::size_t i = 0; i + 1 < hits.size(); ++i) {
      EXPECT_GE(hits[i].cosine, hits[i + 1].cosine);
    }
    EXPECT_EQ(hits.front().cosine, *std::max_element(cosines.begin(), cosines.end()));
  }
}

TEST_F(GalleryOfVectors, FindsEachOfItsImagesFirst) {
  const formats::Bundle bundle = formats::Bundle::open(path_);
  Gallery gallery(bundle, {&kernels::select(), &pool_});
  for (std::size_t i = 0; i < images; ++i) {
    const auto hits = gallery.search(std::span(embeddings_).subspan(i * dim, dim), images + 1);
    ASSERT_EQ(hits.front().image, i);
    ASSERT_EQ(hits.size(), images);
  }
}

TEST_F(GalleryOfVectors, RefusesWhatDoesNotFit) {
  const formats::Bundle bundle = formats::Bundle::open(path_);
  Gallery gallery(bundle, {&kernels::select(), &pool_});
  EXPECT_THROW(gallery.cosines(std::vector<float>(dim + 1)), Error);
  EXPECT_THROW(write_gallery({}, {}, base_, folder_.path() / "none.crayon"), Error);
  formats::GalleryInfo unprintable{.folder = "", .names = {"a\nb"}};
  EXPECT_THROW(write_gallery(unprintable, unit_vectors(1, 3), base_, folder_.path() / "odd.crayon"),
               Error);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "odd.crayon"));
}

}  // namespace
}  // namespace crayon::encoder
