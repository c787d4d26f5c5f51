#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "formats/importers/assemble.h"
#include "formats/importers/gguf_config.h"
#include "formats/importers/gguf_import.h"

namespace crayon::importers {
namespace {

// Refuses at once what read_rows would refuse in the middle of packing.
void check_types(const GgufFile& file) {
  for (const GgufTensor& tensor : file.tensors()) {
    file.check_readable(tensor);
  }
}

}  // namespace

GgufModel read_gguf_model(const std::shared_ptr<const GgufFile>& file) {
  const std::string where = file->path().string();
  const std::string* name = file->text("general.architecture");
  if (name == nullptr) {
    file->fail_missing("general.architecture");
  }
  const Architecture& architecture = find_architecture(*name, Naming::gguf, where);
  if (file->tensors().empty()) {
    throw Error(Code::missing_tensor, fmt::format("{} has a vocabulary but no tensors", where),
                "use the model's own file");
  }
  check_types(*file);
  GgufModel model;
  model.config = read_gguf_config(*file, architecture);
  std::vector<RawTensor> raw;
  raw.reserve(file->tensors().size());
  for (const GgufTensor& tensor : file->tensors()) {
    raw.push_back({tensor.name, tensor.shape,
                   [file, &tensor](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
                     file->read_rows(tensor, begin, count, out);
                   }});
  }
  model.tensors =
      assemble(std::move(raw), expected_tensors(architecture, model.config, Naming::gguf),
               gguf_rope_tensors(), where);
  return model;
}

std::string gguf_licence(const GgufFile& file) {
  const std::string* licence = file.text("general.license");
  return licence != nullptr ? *licence : std::string();
}

}  // namespace crayon::importers
