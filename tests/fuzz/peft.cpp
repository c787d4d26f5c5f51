// A folder of PEFT's: adapter_config.json, NUL, adapter_model.safetensors.
#include "formats/importers/peft.h"

#include "tests/formats/importers/tiny_llama.h"
#include "tests/fuzz/files.h"

namespace crayon::fuzz {
namespace {

void check(std::string_view input) {
  static const MemoryFolder folder({"adapter_config.json", "adapter_model.safetensors"});
  const std::vector<std::string_view> parts = parts_of(input, 2);
  folder.write("adapter_config.json", parts[0]);
  folder.write("adapter_model.safetensors", parts[1]);
  read_or_refuse(folder.path(), [&] {
    const formats::ModelConfig base = test::tiny_llama_config();
    check_adapter(importers::read_peft_adapter(folder.path(), base), base);
  });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
