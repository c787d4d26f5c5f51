#pragma once

#include <torch/torch.h>

namespace crayon::train {

/// x as int8 keeps it, with one scale for each vector along the last dimension: max|x| / 127, as
/// the runtime rounds tokens and rows of weights. Gradients go straight through the rounding
/// (Bengio et al. 2013), and through the scale by the error that it was rounded with (Esser et al.
/// 2020, LSQ, section 2.1).
torch::Tensor rounded(const torch::Tensor& x);

}  // namespace crayon::train
