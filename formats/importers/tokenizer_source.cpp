// Which reader a tokenizer's file is for, by what it begins with.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/importers/added_tokens.h"
#include "formats/importers/gguf_import.h"
#include "formats/importers/huggingface.h"
#include "formats/importers/importers.h"
#include "formats/importers/json_object.h"
#include "formats/importers/llama2c.h"
#include "formats/importers/named_check.h"
#include "formats/importers/sentencepiece_model.h"
#include "formats/importers/tiktoken.h"
#include "formats/importers/vocab_merges.h"

namespace crayon::importers {
namespace {

using formats::TokenizerData;
using std::filesystem::path;

constexpr std::uint64_t largest_file = 64 << 20;
constexpr std::uint64_t largest_config = 16 << 20;

TokenizerData read_folder(const path& folder) {
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    if (std::filesystem::exists(folder / name)) {
      return import_tokenizer(folder / name);
    }
  }
  if (std::filesystem::exists(folder / "vocab.json") &&
      std::filesystem::exists(folder / "merges.txt")) {
    return read_vocab_and_merges(folder);
  }
  throw Error(
      Code::not_found,
      fmt::format("{} has no tokenizer: tokenizer.json, tokenizer.model, and vocab.json with "
                  "merges.txt are not there",
                  folder.string()),
      "name the tokenizer's file; crayon pack takes it as --tokenizer FILE");
}

TokenizerData read_sentencepiece_file(const path& source) {
  TokenizerData data = read_sentencepiece_model(read_text(source, largest_file), source.string());
  const path config_file = source.parent_path() / "tokenizer_config.json";
  if (std::filesystem::exists(config_file)) {
    const Json config = read_json(config_file, largest_config);
    add_decoder_tokens(data, JsonObject(config, config_file.string()));
  }
  read_side_files(data, source.parent_path());
  check_tokenizer(data, source.string());
  return data;
}

std::string start_of(const File& file) {
  std::string start(std::min<std::uint64_t>(file.size(), 256), '\0');
  file.read_at(0, as_writable_bytes(std::span<char>(start)));
  return start;
}

}  // namespace

TokenizerData import_tokenizer(const path& source) {
  if (std::filesystem::is_directory(source)) {
    return read_folder(source);
  }
  const File file(source);
  const std::string start = start_of(file);
  if (GgufFile::is_one(file)) {
    return read_gguf_tokenizer(GgufFile(source));
  }
  // A llama2.c tokenizer, whose first number is small, has a zero behind what looks like a brace.
  if (start.starts_with('{') && start.size() > 1 && start[1] != '\0') {
    return source.filename() == "vocab.json" ? read_vocab_and_merges(source.parent_path())
                                             : read_huggingface_tokenizer(source);
  }
  if (starts_like_sentencepiece(start)) {
    return read_sentencepiece_file(source);
  }
  if (starts_like_clip(start)) {
    return read_clip_merges(read_text(source, largest_file), source.string());
  }
  if (starts_like_tiktoken(start)) {
    return read_tiktoken(read_text(source, largest_file), source.string());
  }
  if (start.starts_with("\x1f\x8b")) {
    throw Error(Code::unsupported, fmt::format("{} is packed by gzip", source.string()),
                "unpack it with gunzip and name the result");
  }
  if (is_llama2c_model(file)) {
    const auto model = read_llama2c_model(std::make_shared<const File>(source));
    return read_llama2c_tokenizer(File(find_llama2c_tokenizer(source, model.config.vocab_size)));
  }
  return read_llama2c_tokenizer(file);
}

}  // namespace crayon::importers
