// KeyDiff (Park et al. 2025, section 3): keys point nearly one way, and those that do not are what
// some query will single out. It needs no prompt, no attention and no logits.

#include <cmath>
#include <vector>

#include "runtime/context/rules/rules.h"

namespace crayon::context {
namespace {

double length(const float* x, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  return std::sqrt(sum);
}

class KeyDiffRule final : public Rule {
 public:
  Needs needs() const override { return {}; }

  void choose(HeadView& head, Selection& selection) const override {
    const std::size_t dim = head.head_dim();
    const float* const keys = head.keys().data();
    const std::span<float> scores = head.scratch();  // of a key its inverse length, at first
    std::vector<double> mean(dim);                   // of the keys, each at length 1; not divided
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double norm = length(keys + i * dim, dim);
      const double inverse = norm > 0 ? 1 / norm : 0;
      for (std::size_t d = 0; d < dim; ++d) {
        mean[d] += inverse * static_cast<double>(keys[i * dim + d]);
      }
      scores[i] = static_cast<float>(inverse);
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
      double product = 0;
      for (std::size_t d = 0; d < dim; ++d) {
        product += mean[d] * static_cast<double>(keys[i * dim + d]);
      }
      scores[i] = static_cast<float>(-product) * scores[i];
    }
    selection.take_best(scores, selection.left());
  }
};

}  // namespace

RulePointer make_keydiff(const RuleOptions&) {
  return std::make_unique<KeyDiffRule>();
}

}  // namespace crayon::context
