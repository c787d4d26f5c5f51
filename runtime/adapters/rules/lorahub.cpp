#include "runtime/adapters/rules/lorahub.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace crayon::adapters {
namespace {

// A third of the range: an adapter of a fitting task wants a weight near 1, so that the first step
// shows whether it helps, and the second, if so, comes close.
constexpr double first_step = 1.0 / 3;  // of the limit
constexpr double longer = 1.5, shorter = -0.5;
constexpr double least_step = 1e-3;  // of the limit; shorter ones change no answer

/// The search's state: where it stands, and a step for each weight.
class Search {
 public:
  Search(std::size_t adapters, const LorahubLoss& loss, const LorahubOptions& options)
      : loss_(loss), options_(options), steps_(adapters, first_step * options.limit) {
    result_.weights.assign(adapters, 0.0f);
    best_ = measure(result_.weights, result_.base_loss);
    result_.loss = result_.base_loss;
  }

  LorahubResult run() {
    while (!spent() && std::ranges::any_of(steps_, [this](double step) {
      return std::abs(step) > least_step * options_.limit;
    })) {
      for (std::size_t n = 0; n < steps_.size() && !spent(); ++n) {
        steps_[n] *= helps(n) ? longer : shorter;
      }
    }
    return result_;
  }

 private:
  bool spent() const { return result_.evaluations >= options_.evaluations; }

  /// What is made small; `loss` gets its part that is not the L1 term.
  double measure(const std::vector<float>& weights, double& loss) {
    loss = loss_(weights);
    ++result_.evaluations;
    double size = 0;
    for (const float weight : weights) {
      size += std::abs(static_cast<double>(weight));
    }
    return loss + options_.l1 * size;
  }

  /// Takes the step of weight n, and keeps it when it is one for the better.
  bool helps(std::size_t n) {
    std::vector<float> weights = result_.weights;
    weights[n] = static_cast<float>(
        std::clamp(static_cast<double>(weights[n]) + steps_[n], -options_.limit, options_.limit));
    if (weights == result_.weights) {
      return false;  // at the limit already
    }
    double loss = 0;
    const double value = measure(weights, loss);
    if (!(value < best_)) {
      return false;
    }
    best_ = value;
    result_.weights = std::move(weights);
    result_.loss = loss;
    return true;
  }

  const LorahubLoss& loss_;
  const LorahubOptions& options_;
  std::vector<double> steps_;  // [adapters]
  LorahubResult result_;
  double best_ = 0;
};

}  // namespace

LorahubResult lorahub_search(std::size_t adapters, const LorahubLoss& loss,
                             const LorahubOptions& options) {
  if (adapters == 0 || options.evaluations == 0) {
    throw Error(Code::bad_argument, "LoraHub searches among adapters, by evaluating examples",
                "give it a pool and at least one evaluation");
  }
  return Search(adapters, loss, options).run();
}

}  // namespace crayon::adapters
