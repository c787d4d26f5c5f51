#pragma once

#include <Eigen/Core>
#include <limits>

#include "formats/model_source.h"

namespace crayon::adapters {

/// The thin singular value decomposition u diag(s) v^T of a product B A, computed from its factors:
/// QR of B and of A^T, and the decomposition of the small matrix that is left between them. B A
/// itself is never formed. k = min(rank, outputs, inputs).
struct ProductSvd {
  Eigen::MatrixXd u;  ///< [outputs][vectors], orthonormal columns
  Eigen::VectorXd s;  ///< [k], descending
  Eigen::MatrixXd v;  ///< [inputs][vectors], orthonormal columns
};
/// With all singular values, and the first min(k, vectors) vectors of either side.
ProductSvd product_svd(const formats::SourceLora& factor,
                       Eigen::Index vectors = std::numeric_limits<Eigen::Index>::max());

/// The squared Frobenius norm of B A, from the factors.
double squared_norm(const formats::SourceLora& factor);

}  // namespace crayon::adapters
