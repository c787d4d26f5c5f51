#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "train/model/decoder.h"

namespace crayon::train {

struct OptimizerOptions {
  double adam_rate = 2e-3;
  double muon_rate = 0.006;
  double weight_decay = 0.0;  ///< decoupled, of matrices
  double clip = 1.0;          ///< largest norm of all AdamW gradients together
};

/// AdamW (Loshchilov, Hutter 2019; betas 0.9 and 0.95) for embeddings, norms, biases and low-rank
/// factors; Muon (Jordan et al. 2024: momentum 0.95, Nesterov, orthogonalised by five Newton-Schulz
/// steps) for a decoder's hidden matrices, which saves it about half the tokens.
class Optimizer {
 public:
  /// Keeps the handles. With `muon`, it takes the matrices whose name has "_proj".
  Optimizer(NamedParameters parameters, bool muon, const OptimizerOptions& options);

  /// Updates with the gradients and clears them; `factor` scales all rates (the schedule).
  void step(double factor);

  /// Moments by name, for checkpoints: "NAME.first", "NAME.second". AdamW's bias correction
  /// needs the number of steps made so far.
  std::map<std::string, torch::Tensor> state() const;
  void restore(const std::map<std::string, torch::Tensor>& state, std::int64_t steps);

 private:
  struct Slot {
    std::string name;
    torch::Tensor* parameter;
    bool muon;
    torch::Tensor first;   ///< momentum
    torch::Tensor second;  ///< AdamW alone: mean of squares
  };

  void adam(Slot& slot, const torch::Tensor& gradient, double factor) const;
  void muon(Slot& slot, const torch::Tensor& gradient, double factor) const;
  double clip_factor() const;

  OptimizerOptions options_;
  std::vector<Slot> slots_;
  std::int64_t steps_ = 0;
};

/// Share of the peak learning rate: a linear warm-up, a plateau, and a linear decay to zero over
/// the last `decay` of the run (Hu et al. 2024, MiniCPM, section 4: warm-up, stable, decay), so
/// that a run can be prolonged from any point of its plateau.
double schedule(double progress, double warmup, double decay);

}  // namespace crayon::train
