// A folder of transformers, of language models and of CLIP: config.json, NUL, model.safetensors.
#include "formats/importers/clip.h"
#include "formats/importers/huggingface.h"
#include "tests/fuzz/files.h"

namespace crayon::fuzz {
namespace {

void check(std::string_view input) {
  static const MemoryFolder folder({"config.json", "model.safetensors"});
  const std::vector<std::string_view> parts = parts_of(input, 2);
  folder.write("config.json", parts[0]);
  folder.write("model.safetensors", parts[1]);
  read_or_refuse(folder.path(), [&] {
    const formats::ModelSource model = importers::is_clip_folder(folder.path())
                                           ? importers::read_clip_model(folder.path())
                                           : importers::read_huggingface_model(folder.path());
    formats::check(model.config);
    if (model.image) {
      formats::check(*model.image, model.config);
    }
    read_tensors(model, folder.path());
  });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
