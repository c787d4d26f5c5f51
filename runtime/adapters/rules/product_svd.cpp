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

/// The QR decomposition of a matrix [rows][cols]; k = min(rows, cols). Q stays in the form of
/// reflections: few of its combinations are ever needed.
class ThinQr {
 public:
  explicit ThinQr(const MatrixXd& matrix) : qr_(matrix) {}

  MatrixXd r() const {  // [k][cols]
    const Index k = std::min(qr_.rows(), qr_.cols());
    return qr_.matrixQR().topRows(k).triangularView<Eigen::Upper>();
  }
  /// Q x for x [k][n]: [rows][n].
  MatrixXd q_times(const MatrixXd& x) const {
    MatrixXd y = MatrixXd::Zero(qr_.rows(), x.cols());
    y.topRows(x.rows()) = x;
    y.applyOnTheLeft(qr_.householderQ());
    return y;
  }

 private:
  Eigen::HouseholderQR<MatrixXd> qr_;
};

}  // namespace

ProductSvd product_svd(const formats::SourceLora& factor, Index vectors) {
  const ThinQr left(matrix_b(factor));               // B = Ql Rl
  const ThinQr right(matrix_a(factor).transpose());  // A = Rr^T Qr^T
  const Eigen::BDCSVD<MatrixXd> between(left.r() * right.r().transpose(),
                                        Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Index kept = std::min(vectors, between.singularValues().size());
  return {left.q_times(between.matrixU().leftCols(kept)), between.singularValues(),
          right.q_times(between.matrixV().leftCols(kept))};
}

double squared_norm(const formats::SourceLora& factor) {
  const MatrixXd a = matrix_a(factor);
  const MatrixXd b = matrix_b(factor);
  // |BA|^2 = tr(A^T B^T B A) = sum of the entries of (B^T B) * (A A^T)
  return (b.transpose() * b).cwiseProduct(a * a.transpose()).sum();
}

}  // namespace crayon::adapters
