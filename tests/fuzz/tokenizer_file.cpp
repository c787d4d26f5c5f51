// Any other tokenizer's file, by its content: SentencePiece's, tiktoken's, CLIP's, llama2.c's; and
// GPT-2's pair, vocab.json, NUL, merges.txt.
#include "formats/importers/importers.h"
#include "formats/importers/tiktoken.h"
#include "formats/importers/vocab_merges.h"
#include "tests/fuzz/files.h"
#include "tests/fuzz/tokenizers.h"

namespace crayon::fuzz {
namespace {

void check(std::string_view input) {
  static const MemoryFolder pair({"vocab.json", "merges.txt"});
  static const MemoryFolder single({"tokenizer.model"});
  const std::vector<std::string_view> parts = parts_of(input, 2);
  pair.write("vocab.json", parts[0]);
  pair.write("merges.txt", parts[1]);
  read_or_refuse(pair.path(),
                 [&] { use_tokenizer(importers::read_vocab_and_merges(pair.path())); });
  single.write("tokenizer.model", input);
  read_or_refuse(single.path(), [&] { use_tokenizer(importers::import_tokenizer(single.path())); });
  // These know files of some sizes only, which no input here has: all are read, and then refused.
  read_or_refuse("here", [&] { importers::read_tiktoken(input, "here"); });
  read_or_refuse("here", [&] { importers::read_clip_merges(input, "here"); });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
