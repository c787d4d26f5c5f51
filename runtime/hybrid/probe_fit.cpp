#include "runtime/hybrid/probe_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "base/random.h"

namespace crayon::hybrid {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

constexpr int most_steps = 50;
constexpr double converged = 1e-9;  // of a step's largest number
/// Keeps the curvature invertible where every answer is certain.
constexpr double least_ridge = 1e-6;

/// What the penalty leaves of the features: their coordinates in the space that the examples span.
/// It is the same regression, as neither the penalty nor the scores know of a rotation.
struct Reduced {
  Matrix x;     // [n][r]
  Matrix back;  // [dim][r]: weights of the features = back * weights of the coordinates
};

Reduced reduce(const Matrix& z) {
  if (z.rows() >= z.cols()) {
    return {z, Matrix::Identity(z.cols(), z.cols())};
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(z * z.transpose());
  const Vector& squares = solver.eigenvalues();  // ascending
  const double least = 1e-10 * std::max(squares.maxCoeff(), 1e-300);
  const Eigen::Index rank = (squares.array() > least).count();
  const Matrix u = solver.eigenvectors().rightCols(rank);
  const Vector s = squares.tail(rank).cwiseSqrt();
  return {u * s.asDiagonal(), z.transpose() * u * s.cwiseInverse().asDiagonal()};
}

Vector sigmoid(const Vector& x) {
  return (1 + (-x.array()).exp()).inverse();
}

/// sum log(1 + exp(-+ x . w)) + penalty / 2 |w|^2, the last column of x being the free bias.
double loss(const Matrix& x, const Vector& y, const Vector& w, const Vector& ridge) {
  const Vector score = x * w;
  double sum = 0.5 * ridge.dot(w.cwiseAbs2());
  for (Eigen::Index i = 0; i < score.size(); ++i) {
    const double margin = y[i] > 0.5 ? score[i] : -score[i];
    sum += margin > 0 ? std::log1p(std::exp(-margin)) : -margin + std::log1p(std::exp(margin));
  }
  return sum;
}

/// [columns of x] weights, by Newton's method with halved steps where the loss would grow.
Vector regress(const Matrix& x, const Vector& y, double penalty) {
  Vector ridge = Vector::Constant(x.cols(), penalty + least_ridge);
  ridge[x.cols() - 1] = least_ridge;
  Vector w = Vector::Zero(x.cols());
  double now = loss(x, y, w, ridge);
  for (int i = 0; i < most_steps; ++i) {
    const Vector p = sigmoid(x * w);
    const Vector gradient = x.transpose() * (p - y) + ridge.cwiseProduct(w);
    const Vector weight = p.array() * (1 - p.array());
    Matrix curvature = x.transpose() * weight.asDiagonal() * x;
    curvature.diagonal() += ridge;
    Vector step = curvature.ldlt().solve(gradient);
    for (int halvings = 0; halvings < 30 && loss(x, y, w - step, ridge) > now; ++halvings) {
      step /= 2;
    }
    w -= step;
    now = loss(x, y, w, ridge);
    if (step.cwiseAbs().maxCoeff() < converged) {
      break;
    }
  }
  return w;
}

}  // namespace

double FittedProbe::score(std::span<const float> x) const {
  const double sum = std::inner_product(
      x.begin(), x.end(), weights.begin(), static_cast<double>(bias), std::plus<>(),
      [](float a, float b) { return static_cast<double>(a) * static_cast<double>(b); });
  return 1 / (1 + std::exp(-sum));
}

FittedProbe fit_probe(std::span<const float> features, const std::vector<bool>& right,
                      double penalty) {
  const auto n = static_cast<Eigen::Index>(right.size());
  const Eigen::Index dim = static_cast<Eigen::Index>(features.size()) / n;
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix z = Eigen::Map<const Rows>(features.data(), n, dim).cast<double>();
  Vector y(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    y[i] = right[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  const Vector mean = z.colwise().mean();
  z.rowwise() -= mean.transpose();
  const Vector deviation =
      (z.colwise().squaredNorm().transpose() / static_cast<double>(n)).cwiseSqrt().cwiseMax(1e-9);
  z = z * deviation.cwiseInverse().asDiagonal();

  const Reduced reduced = reduce(z);
  Matrix x(n, reduced.x.cols() + 1);
  x << reduced.x, Vector::Ones(n);
  const Vector solution = regress(x, y, penalty);
  const Vector slope = (reduced.back * solution.head(reduced.x.cols())).cwiseQuotient(deviation);

  FittedProbe probe;
  probe.weights.resize(static_cast<std::size_t>(dim));
  for (Eigen::Index i = 0; i < dim; ++i) {
    probe.weights[static_cast<std::size_t>(i)] = static_cast<float>(slope[i]);
  }
  probe.bias = static_cast<float>(solution[solution.size() - 1] - slope.dot(mean));
  return probe;
}

std::vector<double> held_out_scores(std::span<const float> features, const std::vector<bool>& right,
                                    double penalty, std::size_t folds, std::uint64_t seed) {
  const std::size_t n = right.size();
  const std::size_t dim = features.size() / n;
  Random random(seed);
  std::vector<std::size_t> fold(n);
  for (const bool kind : {false, true}) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < n; ++i) {
      if (right[i] == kind) {
        members.push_back(i);
      }
    }
    if (members.size() < folds) {
      throw Error(Code::bad_argument, "there are too few right or wrong answers to learn from",
                  "give more examples");
    }
    for (std::size_t i = members.size(); i > 1; --i) {
      std::swap(members[i - 1], members[random.below(i)]);
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      fold[members[i]] = i % folds;
    }
  }
  std::vector<double> scores(n);
  for (std::size_t held = 0; held < folds; ++held) {
    std::vector<float> rest;
    std::vector<bool> labels;
    for (std::size_t i = 0; i < n; ++i) {
      if (fold[i] != held) {
        const auto row = features.subspan(i * dim, dim);
        rest.insert(rest.end(), row.begin(), row.end());
        labels.push_back(right[i]);
      }
    }
    const FittedProbe probe = fit_probe(rest, labels, penalty);
    for (std::size_t i = 0; i < n; ++i) {
      if (fold[i] == held) {
        scores[i] = probe.score(features.subspan(i * dim, dim));
      }
    }
  }
  return scores;
}

}  // namespace crayon::hybrid
