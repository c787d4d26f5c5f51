#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "train/dual/dual_forward.h"

namespace crayon::train {

/// Text to tokens, those around it included.
using Encode = std::function<std::vector<std::int32_t>(const std::string& text)>;

/// Generated pictures, each with one caption.
struct SceneBatch {
  torch::Tensor pixels;  ///< float [pictures][3][size][size]
  TextBatch captions;    ///< [pictures]
  torch::Tensor fits;    ///< float [pictures][captions]: 1 where the caption is true of the
                         ///< picture, which its own always is; else 0

  void to(torch::Device device);
};

/// Scenes `first` to `first + count` of the series of this seed.
SceneBatch make_scene_batch(std::uint64_t seed, std::uint64_t first, std::int64_t count,
                            const DualConfig& config, const Encode& encode);

/// The mean of two cross-entropies in nats: of pictures among captions and of captions among
/// pictures (Radford et al. 2021, section 2.3). Where more than one fits, each is as right as the
/// others (Yang et al. 2022, UniCL): captions of one batch may fit several pictures.
/// logits, fits [pictures][captions]; every row and column of `fits` has a 1.
torch::Tensor contrastive_loss(const torch::Tensor& logits, const torch::Tensor& fits);

/// Keeps the factor of the cosines at 100 or less (section 2.5 there).
void clamp_scale(DualEncoder& dual);

/// Share of generated pictures of one thing whose best prompt names what they show.
struct ZeroShot {
  double shape;  ///< among "a photo of a circle" and so on
  double color;  ///< among "a photo of a red shape" and so on
  double both;   ///< among "a photo of a red circle" and so on
};
ZeroShot zero_shot(const DualEncoder& dual, std::uint64_t seed, std::int64_t pictures,
                   const Encode& encode);

}  // namespace crayon::train
