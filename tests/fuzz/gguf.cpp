// A GGUF as a model, as a tokenizer and as an adapter.
#include "formats/importers/gguf.h"

#include "formats/importers/gguf_import.h"
#include "formats/importers/importers.h"
#include "tests/formats/importers/tiny_llama.h"
#include "tests/fuzz/files.h"

namespace crayon::fuzz {
namespace {

void check(std::string_view bytes) {
  static const MemoryFolder folder({"model.gguf"});
  folder.write("model.gguf", bytes);
  const std::filesystem::path file = folder / "model.gguf";
  read_or_refuse(file, [&] { read_tensors(importers::import_model(file, {}), file); });
  read_or_refuse(file, [&] { formats::check(importers::import_tokenizer(file)); });
  read_or_refuse(file, [&] {
    const formats::ModelConfig base = test::tiny_llama_config();
    check_adapter(importers::read_gguf_adapter(importers::GgufFile(file), base), base);
  });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
