#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "formats/importers/assemble.h"
#include "formats/tensor.h"

namespace crayon::importers {

struct SafetensorsTensor {
  std::string name;
  std::string dtype;  ///< as the file has it: "BF16"
  /// A vector is one row; more than two dimensions fold into the rows.
  formats::Shape shape;
  std::uint64_t offset = 0;  ///< of its bytes, from the start of the file
  std::uint64_t bytes = 0;
};

/// A safetensors file, read row by row. The constructor throws what read_safetensors_header() does.
/// Const functions are safe from several threads.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }

  /// Throws unsupported, naming tensor and dtype, unless it is F32, F16 or BF16.
  void check_readable(const SafetensorsTensor& tensor) const;
  /// Rows [begin, begin + count) as floats into out [count][cols].
  void read_rows(const SafetensorsTensor& tensor, std::uint64_t begin, std::uint64_t count,
                 std::span<float> out) const;

 private:
  File file_;
  std::vector<SafetensorsTensor> tensors_;  ///< in the order of their offsets
};

/// The tensors of a file, of any type; they keep it open.
std::vector<RawTensor> raw_tensors(const std::shared_ptr<const SafetensorsFile>& file);

/// A model's weights: `folder`/model.safetensors, or the shards that
/// model.safetensors.index.json names.
struct SafetensorsModel {
  std::vector<std::filesystem::path> files;
  std::vector<RawTensor> tensors;
};
SafetensorsModel open_safetensors_model(const std::filesystem::path& folder);

}  // namespace crayon::importers
