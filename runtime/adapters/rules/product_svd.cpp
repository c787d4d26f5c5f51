#include "runtime/adapters/rules/product_svd.h"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>

namespace crayon::adapters {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// Row-major floats [rows][cols] as they lie in a factor.
MatrixXd matrix(const std::vector<float>& values, Index rows, Index cols) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(values.data(), rows, cols).cast<double>();
}

MatrixXd matrix_a(const formats::SourceLora& factor) {
  const auto rank = static_cast<Index>(factor.rank);
  return matrix(factor.a, rank, static_cast<Index>(factor.a.size()) / rank);
}

MatrixXd matrix_b(const formats::SourceLora& factor) {
  const auto rank = static_cast<Index>(factor.rank);
  return matrix(factor.b, static_cast<Index>(factor.b.size()) / rank, rank);
}

/// Q [rows][k] R [k][cols] of a matrix; k = min(rows, cols).
struct ThinQr {
  explicit ThinQr(const MatrixXd& matrix) {
    const Index k = std::min(matrix.rows(), matrix.cols());
    const Eigen::HouseholderQR<MatrixXd> qr(matrix);
    q = qr.householderQ() * MatrixXd::Identity(matrix.rows(), k);
    r = qr.matrixQR().topRows(k).triangularView<Eigen::Upper>();
  }
  MatrixXd q, r;
};

}  // namespace

ProductSvd product_svd(const formats::SourceLora& factor) {
  const ThinQr left(matrix_b(factor));               // B = Ql Rl
  const ThinQr right(matrix_a(factor).transpose());  // A = Rr^T Qr^T
  const Eigen::BDCSVD<MatrixXd> between(left.r * right.r.transpose(),
                                        Eigen::ComputeThinU | Eigen::ComputeThinV);
  return {left.q * between.matrixU(), between.singularValues(), right.q * between.matrixV()};
}

double squared_norm(const formats::SourceLora& factor) {
  const MatrixXd a = matrix_a(factor);
  const MatrixXd b = matrix_b(factor);
  // |BA|^2 = tr(A^T B^T B A) = sum of the entries of (B^T B) * (A A^T)
  return (b.transpose() * b).cwiseProduct(a * a.transpose()).sum();
}

}  // namespace crayon::adapters
