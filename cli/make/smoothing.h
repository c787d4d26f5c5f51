#pragma once

#include <filesystem>
#include <string>

#include "arguments/command.h"
#include "formats/model_source.h"

namespace crayon::cli {

using arguments::Command;

/// How `pack` makes a model easy to quantise.
struct SmoothingOptions {
  std::string method = "none";
  std::string scales;  ///< learned ones, a safetensors file
  float strength = 0.5f;
};
void add_smoothing_options(Command& command, SmoothingOptions& options);

/// The source with channel scales folded in. Runs it in f32 on the calibration text, from a
/// temporary bundle beside `output`, and the smoothed one likewise: throws unsupported unless both
/// give the same logits. Throws what calibration_tokens() does, and bad_argument without --scales
/// for learned ones.
formats::ModelSource smoothed(formats::ModelSource source, const SmoothingOptions& options,
                              const std::string& calibration, const std::filesystem::path& output);

}  // namespace crayon::cli
