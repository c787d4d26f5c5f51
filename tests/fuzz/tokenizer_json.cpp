// A tokenizer.json with what lies beside it: NUL, tokenizer_config.json.
#include "formats/importers/importers.h"
#include "tests/fuzz/files.h"
#include "tests/fuzz/tokenizers.h"

namespace crayon::fuzz {
namespace {

void check(std::string_view input) {
  static const MemoryFolder folder({"tokenizer.json", "tokenizer_config.json"});
  const std::vector<std::string_view> parts = parts_of(input, 2);
  folder.write("tokenizer.json", parts[0]);
  folder.write("tokenizer_config.json", parts[1].empty() ? "{}" : parts[1]);
  read_or_refuse(folder.path(), [&] { use_tokenizer(importers::import_tokenizer(folder.path())); });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
