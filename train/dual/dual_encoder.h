#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "train/dual/dual_config.h"
#include "train/model/decoder.h"

namespace crayon::train {

/// What both towers have.
struct Tower {
  torch::Tensor positions;    ///< [positions][dim]
  std::vector<Layer> layers;  ///< all with biases, none with a gate
  Norm norm;                  ///< behind the last layer
  torch::Tensor projection;   ///< [output][dim]
};

/// The parameters of a dual encoder, in float32.
struct DualEncoder {
  DualConfig config;
  Tower text;
  torch::Tensor token_embedding;  ///< [vocab][dim]
  Tower image;                    ///< its first position is the class token's
  torch::Tensor class_embedding;  ///< [dim]
  torch::Tensor patch_embedding;  ///< [dim][3][patch][patch]
  Norm input_norm;                ///< in front of the image tower's first layer
  torch::Tensor logit_scale;      ///< scalar; exp() of it is the factor of a cosine

  /// Of these sizes: matrices with anything in them, norms 1, biases 0. Throws what check() does.
  static DualEncoder empty(const DualConfig& config);

  /// Normal, with deviations that keep the residual stream's size (as CLIP's are: Radford et al.
  /// 2021, model.py, initialize_parameters); the temperature is 0.07.
  static DualEncoder random(const DualConfig& config, std::uint64_t seed);

  /// Reads a Hugging Face folder of a CLIPModel: config.json, preprocessor_config.json and
  /// model.safetensors. Throws what read_dual_config() does, missing_tensor or bad_shape.
  static DualEncoder load(const std::filesystem::path& folder);

  /// Writes these files.
  void save(const std::filesystem::path& folder) const;

  /// Every parameter, each once, by its name in Hugging Face's files.
  NamedParameters named();

  void to(torch::Device device);
  void require_grad(bool wanted);
};

}  // namespace crayon::train
