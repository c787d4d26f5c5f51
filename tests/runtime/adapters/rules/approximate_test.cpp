// Recompressed and merged blends against dense sums in float64.

#include "runtime/adapters/rules/approximate.h"

#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <cmath>

#include "runtime/adapters/rules/product_svd.h"
#include "tests/runtime/adapters/rules/dense.h"
#include "tests/runtime/adapters/whole_sum.h"
#include "tests/runtime/model/tiny_model.h"

namespace crayon::adapters {
namespace {

using Eigen::MatrixXd;
using formats::AdapterSource;
using formats::SourceLora;

/// The dense sum of what the parts add to the projection of `place`.
MatrixXd dense_sum(std::span<const Part> parts, const SourceLora& place) {
  MatrixXd sum;
  for (const Part& part : parts) {
    for (const SourceLora& factor : part.adapter->factors) {
      if (factor.layer == place.layer && factor.projection == place.projection) {
        const MatrixXd product =
            static_cast<double>(part.weight) * test::dense_matrix(factor, part.adapter->scale);
        sum = sum.size() == 0 ? product : MatrixXd(sum + product);
      }
    }
  }
  return sum;
}

class Approximate : public testing::Test {
 protected:
  Approximate() {
    for (std::uint64_t n = 0; n < 3; ++n) {
      pool_.push_back(test::random_adapter(config_, 4, 0.5f + static_cast<float>(n), 40 + n));
    }
    parts_ = {{&pool_[0], 0.6f}, {&pool_[1], -0.3f}, {&pool_[2], 0.1f}};
  }

  /// |approximation - exact| / |exact| over all projections, from dense matrices.
  double true_error(const AdapterSource& approximation) const {
    double difference = 0;
    double norm = 0;
    for (const SourceLora& factor : approximation.factors) {
      const MatrixXd exact = dense_sum(parts_, factor);
      difference += (test::dense_matrix(factor, approximation.scale) - exact).squaredNorm();
      norm += exact.squaredNorm();
    }
    return std::sqrt(difference / norm);
  }

  const formats::ModelConfig config_ = test::tiny_config();
  ThreadPool threads_{2};
  std::vector<AdapterSource> pool_;
  std::vector<Part> parts_;
};

TEST_F(Approximate, TheSvdOfAProductIsThatOfTheDenseMatrix) {
  for (const SourceLora& factor : pool_[0].factors) {
    const MatrixXd product = test::dense_matrix(factor, 1.0f);
    const ProductSvd svd = product_svd(factor);
    EXPECT_LT((svd.u * svd.s.asDiagonal() * svd.v.transpose() - product).norm(),
              1e-12 * product.norm());
    const Eigen::JacobiSVD<MatrixXd> truth(product);
    EXPECT_LT((svd.s - truth.singularValues().head(svd.s.size())).norm(), 1e-12 * product.norm());
    EXPECT_NEAR(squared_norm(factor), product.squaredNorm(), 1e-12 * product.squaredNorm());
  }
}

TEST_F(Approximate, RecompressingIsTheBestOfItsRank) {
  const AdapterSource exact = test::whole(Sum(parts_, "mine"));
  for (const std::uint32_t rank : {1u, 4u, 11u}) {
    const Approximation result = recompress(Sum(parts_, "mine"), rank, threads_);
    double tail = 0;
    double all = 0;
    for (const SourceLora& factor : exact.factors) {
      const Eigen::JacobiSVD<MatrixXd> truth(dense_sum(parts_, factor));
      const auto& s = truth.singularValues();
      tail += s.tail(s.size() - rank).squaredNorm();
      all += s.squaredNorm();
    }
    const double optimum = std::sqrt(tail / all);  // Eckart, Young 1936
    EXPECT_NEAR(result.error, optimum, 1e-6);
    EXPECT_NEAR(true_error(result.adapter), optimum, 1e-5);
    EXPECT_EQ(result.adapter.rank, rank);
  }
}

TEST_F(Approximate, ARankThatFitsChangesNothing) {
  const AdapterSource exact = test::whole(Sum(parts_, "mine"));
  const Approximation result = recompress(Sum(parts_, "mine"), 12, threads_);
  EXPECT_EQ(result.error, 0);
  EXPECT_EQ(result.adapter.factors.front().a, exact.factors.front().a);
  EXPECT_EQ(result.adapter.factors.front().b, exact.factors.front().b);
}

TEST_F(Approximate, ABlendOfLessRankThanItsFactorsLosesNothing) {
  // Twice the same adapter is one product of rank 4 in factors of rank 8.
  const std::vector<Part> twice{{&pool_[0], 0.5f}, {&pool_[0], 0.5f}};
  EXPECT_LT(recompress(Sum(twice, "twice"), 4, threads_).error, 1e-7);
}

TEST_F(Approximate, ARankAboveTheProjectionsSizeIsCutToIt) {
  const AdapterSource wide = test::random_adapter(config_, 60, 1.0f, 8);
  parts_ = {{&wide, 1.0f}};
  const Approximation result = recompress(Sum(parts_, "wide"), 50, threads_);
  EXPECT_NEAR(true_error(result.adapter), result.error, 1e-5);
}

TEST_F(Approximate, ARecompressedBlendCanBePacked) {
  const test::Packed base(test::random_source(config_, 3), formats::Dtype::f32);
  const Approximation result = recompress(Sum(parts_, "mine"), 5, threads_);
  EXPECT_NO_THROW(formats::pack_adapter(result.adapter, base.bundle, base.folder / "m.crayon"));
}

TEST_F(Approximate, MergedFactorsAreAsFarOffAsTheySay) {
  const Approximation result = merge_factors(parts_, "cheap");
  EXPECT_EQ(result.adapter.rank, 4u);
  EXPECT_GT(result.error, 0.1) << "mixed products cannot be that good";
  EXPECT_NEAR(true_error(result.adapter), result.error, 1e-5);
}

TEST_F(Approximate, MergingOneAdapterIsExact) {
  const std::vector<Part> one{{&pool_[0], 1.0f}, {&pool_[1], 0.0f}};
  EXPECT_LT(merge_factors(one, "one").error, 1e-7);
}

TEST_F(Approximate, RefusesWhatCannotBe) {
  EXPECT_EQ(test::code_of([&] { recompress(Sum(parts_, "x"), 0, threads_); }), Code::bad_argument);
  const AdapterSource narrow = test::random_adapter(config_, 2, 1.0f, 9);
  const std::vector<Part> ranks{{&pool_[0], 0.5f}, {&narrow, 0.5f}};
  EXPECT_EQ(test::code_of([&] { merge_factors(ranks, "x"); }), Code::bad_argument);
  AdapterSource fewer = pool_[1];
  fewer.factors.pop_back();
  const std::vector<Part> fewer_last{{&pool_[0], 0.5f}, {&fewer, 0.5f}};
  EXPECT_EQ(test::code_of([&] { merge_factors(fewer_last, "x"); }), Code::bad_argument);
  const std::vector<Part> fewer_first{{&fewer, 0.5f}, {&pool_[0], 0.5f}};
  EXPECT_EQ(test::code_of([&] { merge_factors(fewer_first, "x"); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::adapters
