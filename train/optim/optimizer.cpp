#include "train/optim/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace crayon::train {
namespace {

constexpr double beta1 = 0.9;
constexpr double beta2 = 0.95;
constexpr double epsilon = 1e-8;
constexpr double muon_momentum = 0.95;

/// About the nearest orthogonal matrix: singular values go to 1, within 0.3, by a quintic
/// iteration whose coefficients are Jordan's.
torch::Tensor orthogonalised(const torch::Tensor& matrix) {
  torch::Tensor x = matrix.to(torch::kBFloat16);
  const bool tall = x.size(0) > x.size(1);
  if (tall) {
    x = x.t();
  }
  x = x / (x.to(torch::kFloat32).norm() + 1e-7).to(torch::kBFloat16);
  for (int i = 0; i < 5; ++i) {
    const torch::Tensor gram = torch::mm(x, x.t());
    x = 3.4445 * x + torch::mm(-4.7750 * gram + 2.0315 * torch::mm(gram, gram), x);
  }
  return (tall ? x.t() : x).to(torch::kFloat32);
}

}  // namespace

Optimizer::Optimizer(NamedParameters parameters, bool muon, const OptimizerOptions& options)
    : options_(options) {
  for (auto& [name, parameter] : parameters) {
    const bool hidden = muon && parameter->dim() == 2 && name.find("_proj") != std::string::npos;
    Slot slot{name, parameter, hidden, torch::zeros_like(*parameter), {}};
    slot.first = slot.first.detach();
    if (!hidden) {
      slot.second = torch::zeros_like(*parameter).detach();
    }
    slots_.push_back(std::move(slot));
  }
}

double Optimizer::clip_factor() const {
  torch::Tensor squares = torch::zeros({}, slots_.front().parameter->options());
  for (const Slot& slot : slots_) {
    if (!slot.muon && slot.parameter->grad().defined()) {
      squares += slot.parameter->grad().square().sum();
    }
  }
  const double norm = std::sqrt(squares.item<double>());
  return norm > options_.clip ? options_.clip / norm : 1.0;
}

void Optimizer::step(double factor) {
  const torch::NoGradGuard no_grad;
  ++steps_;
  const double clip = clip_factor();
  for (Slot& slot : slots_) {
    torch::Tensor& gradient = slot.parameter->mutable_grad();
    if (!gradient.defined()) {
      continue;
    }
    if (slot.muon) {
      muon(slot, gradient, factor);
    } else {
      adam(slot, gradient.mul_(clip), factor);
    }
    gradient.reset();
  }
}

void Optimizer::adam(Slot& slot, const torch::Tensor& gradient, double factor) const {
  const double rate = options_.adam_rate * factor;
  slot.first.mul_(beta1).add_(gradient, 1 - beta1);
  slot.second.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
  const double steps = static_cast<double>(steps_);
  const double correction1 = 1 - std::pow(beta1, steps);
  const double correction2 = 1 - std::pow(beta2, steps);
  if (slot.parameter->dim() > 1) {
    slot.parameter->mul_(1 - rate * options_.weight_decay);
  }
  const torch::Tensor scale = (slot.second / correction2).sqrt_().add_(epsilon);
  slot.parameter->addcdiv_(slot.first, scale, -rate / correction1);
}

void Optimizer::muon(Slot& slot, const torch::Tensor& gradient, double factor) const {
  const double rate = options_.muon_rate * factor;
  slot.first.mul_(muon_momentum).add_(gradient);
  const torch::Tensor update = orthogonalised(gradient + muon_momentum * slot.first);
  const double shape = static_cast<double>(update.size(0)) / static_cast<double>(update.size(1));
  slot.parameter->mul_(1 - rate * options_.weight_decay);
  slot.parameter->add_(update, -rate * std::sqrt(std::max(1.0, shape)));
}

std::map<std::string, torch::Tensor> Optimizer::state() const {
  std::map<std::string, torch::Tensor> state;
  for (const Slot& slot : slots_) {
    state[slot.name + ".first"] = slot.first;
    if (!slot.muon) {
      state[slot.name + ".second"] = slot.second;
    }
  }
  return state;
}

void Optimizer::restore(const std::map<std::string, torch::Tensor>& state, std::int64_t steps) {
  const auto fill = [&](const std::string& name, torch::Tensor& moment) {
    const auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != moment.sizes()) {
      throw Error(Code::missing_tensor, "the checkpoint lacks " + name + " in this run's shape",
                  "resume with the options that the run was started with");
    }
    moment.copy_(found->second);
  };
  for (Slot& slot : slots_) {
    fill(slot.name + ".first", slot.first);
    if (!slot.muon) {
      fill(slot.name + ".second", slot.second);
    }
  }
  steps_ = steps;
}

double schedule(double progress, double warmup, double decay) {
  const double rise = warmup > 0 ? progress / warmup : 1.0;
  const double fall = decay > 0 ? (1.0 - progress) / decay : 1.0;
  return std::clamp(std::min(rise, fall), 0.0, 1.0);
}

}  // namespace crayon::train
