#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace crayon::cli {

/// Writes floats [rows][cols] as numpy reads them: the format .npy, version 1.0 (NumPy Enhancement
/// Proposal 1). Throws io or no_space; the file appears when it is whole.
void write_npy(std::span<const float> values, std::size_t cols, const std::filesystem::path& path);

}  // namespace crayon::cli
