#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>

namespace crayon::train {

/// How the numbers that a linear map reads become int8.
enum class Activations : std::uint8_t {
  token,   ///< one scale a token, from its largest magnitude: the runtime's way
  tensor,  ///< one scale for all tokens of an example
  fixed,   ///< "static": one range for all texts, measured beforehand; what lies beyond is clipped
  blocks,  ///< a scale for every 32 channels of a token, as ggml's Q8_0 has it
};

/// How weights are rounded.
enum class WeightRounding : std::uint8_t {
  int8,    ///< one scale a row
  int4,    ///< -8 to 7, one f16 scale for every 32 inputs of a row
  blocks,  ///< int8, one f16 scale for every 32 inputs of a row
};

/// "token", "int8" and so on.
const char* name_of(Activations way);
const char* name_of(WeightRounding way);
/// Throws bad_argument for a name that none has.
Activations activations_named(const std::string& name);
WeightRounding weight_rounding_named(const std::string& name);

// Numbers as the integers keep them, in floats. Gradients go straight through the rounding (Bengio
// et al. 2013), and through the scale by the error that it was rounded with (Esser et al. 2020,
// LSQ, section 2.1).

/// int8 with one scale for each vector along the last dimension: max|x| / 127, as the runtime
/// rounds tokens and rows of weights.
torch::Tensor rounded(const torch::Tensor& x);

/// int8 with one scale for each example: x [examples][time][inputs].
torch::Tensor rounded_examples(const torch::Tensor& x);

/// int8 with the scale range / 127; what is beyond the range becomes the range, and its gradient
/// goes to the range alone. range: one number.
torch::Tensor rounded_within(const torch::Tensor& x, const torch::Tensor& range);

/// int8 with one scale for every 32 numbers along the last dimension, max|x| / 127 kept in f16
/// (Q8_0 of ggml). A last block may be shorter.
torch::Tensor rounded_blocks(const torch::Tensor& x);

/// int4 with one scale for every 32 numbers: the one of largest magnitude becomes -8 (Q4_0 of
/// ggml). The runtime's packer seeks better scales (docs/quantization.md).
torch::Tensor rounded_int4(const torch::Tensor& x);

/// weight [outputs][inputs]
torch::Tensor rounded_weight(const torch::Tensor& weight, WeightRounding way);

}  // namespace crayon::train
