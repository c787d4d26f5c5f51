#pragma once

#include <Eigen/Core>

#include "tests/runtime/model/reference_forward.h"

namespace crayon::test {

/// scale * B A of one factor pair: [outputs][inputs].
inline Eigen::MatrixXd dense_matrix(const formats::SourceLora& factor, float scale) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::vector<double> values = dense_product(factor, static_cast<double>(scale));
  return Eigen::Map<const RowMajor>(values.data(),
                                    static_cast<Eigen::Index>(factor.b.size() / factor.rank),
                                    static_cast<Eigen::Index>(factor.a.size() / factor.rank));
}

}  // namespace crayon::test
