#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>

namespace crayon::train {

/// A safetensors file in memory.
struct TensorFile {
  std::map<std::string, torch::Tensor> tensors;  ///< contiguous, on the CPU
  std::map<std::string, std::string> metadata;
};

/// Reads F64, F32, F16, BF16, I64 and I32 tensors. Throws what importers::read_safetensors_header()
/// does, and unsupported for tensors of other types.
TensorFile read_tensors(const std::filesystem::path& path);

/// Writes the file whole or not at all.
void write_tensors(const TensorFile& file, const std::filesystem::path& path);

}  // namespace crayon::train
