// A safetensors file, and one with a model's channel scales.
#include "formats/importers/safetensors.h"

#include "formats/importers/importers.h"
#include "formats/importers/safetensors_header.h"
#include "tests/formats/importers/tiny_llama.h"
#include "tests/fuzz/files.h"

namespace crayon::fuzz {
namespace {

using importers::RawTensor;
using importers::SafetensorsFile;
using importers::SafetensorsHeader;

/// What is written of a header reads as the same.
void check_header(const std::filesystem::path& file) {
  const SafetensorsHeader header = importers::read_safetensors_header(File(file));
  static const MemoryFolder folder({"again.safetensors"});
  std::string text = importers::safetensors_prefix(header);
  const std::size_t start = text.size();
  for (const importers::SafetensorsEntry& tensor : header.tensors) {
    text.append(tensor.bytes, '\0');
  }
  folder.write("again.safetensors", text);
  const SafetensorsHeader again =
      importers::read_safetensors_header(File(folder / "again.safetensors"));
  require(again.metadata == header.metadata, "the metadata stay");
  require(again.tensors.size() == header.tensors.size(), "the tensors stay");
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    const importers::SafetensorsEntry& one = header.tensors[i];
    const importers::SafetensorsEntry& other = again.tensors[i];
    require(other.dtype == one.dtype && other.shape == one.shape && other.bytes == one.bytes &&
                other.offset >= start,
            "a tensor stays");
  }
}

void read_numbers(const std::filesystem::path& file) {
  for (const RawTensor& tensor : raw_tensors(std::make_shared<const SafetensorsFile>(file))) {
    read_or_refuse(file, [&] {
      tensor.check();
      std::vector<float> numbers(tensor.shape.rows * tensor.shape.cols);
      tensor.read_rows(0, tensor.shape.rows, numbers);
    });
  }
}

void check(std::string_view bytes) {
  static const MemoryFolder folder({"model.safetensors"});
  folder.write("model.safetensors", bytes);
  const std::filesystem::path file = folder / "model.safetensors";
  read_or_refuse(file, [&] { check_header(file); });
  read_or_refuse(file, [&] { read_numbers(file); });
  read_or_refuse(file, [&] { importers::import_channel_scales(file, test::tiny_llama_config()); });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
