#include "formats/importers/pre_tokenizers.h"

#include <fmt/format.h>

#include "base/error.h"

namespace crayon::importers {
namespace {

// Published with each model, in its tokenizer.json.
constexpr const char* llama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* qwen2 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
                              R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* one_digit = R"(\p{N})";

const std::vector<PreTokenizer>& pre_tokenizers() {
  static const std::vector<PreTokenizer> all = {
      {"default", {gpt2_pattern}, false, false},
      {"gpt-2", {gpt2_pattern}, false, false},
      {"llama-bpe", {llama3}, true, true},
      {"qwen2", {qwen2}, false, false},
      {"smollm", {one_digit, gpt2_pattern}, false, false},
  };
  return all;
}

}  // namespace

const PreTokenizer& find_pre_tokenizer(std::string_view name, std::string_view where) {
  std::string known;
  for (const PreTokenizer& one : pre_tokenizers()) {
    if (one.name == name) {
      return one;
    }
    known += known.empty() ? "" : ", ";
    known += one.name;
  }
  throw Error(Code::unsupported,
              fmt::format("{}: tokenizer.ggml.pre is {}; {} are known", where, name, known),
              "pass another tokenizer of the model, such as its tokenizer.json");
}

}  // namespace crayon::importers
