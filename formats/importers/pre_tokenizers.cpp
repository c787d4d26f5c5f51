#include "formats/importers/pre_tokenizers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace crayon::importers {
namespace {

constexpr const char* digit = R"(\p{N})";
constexpr const char* three_digits = "[0-9][0-9][0-9]";
constexpr const char* up_to_three_digits = R"(\p{N}{1,3})";
constexpr const char* line_break = R"([\r\n])";

// BLOOM and its heirs: words by punctuation.
constexpr const char* bloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";

// Of o200k_base and of Mistral's tekken after it: a word may change from upper to lower case, but
// not back. `tail` follows a word; `numbers` is a number.
std::string cased_words(const std::string& tail, const std::string& numbers) {
  const std::string before = R"([^\r\n\p{L}\p{N}]?)";
  const std::string upper = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
  const std::string lower = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
  return before + upper + "*" + lower + "+" + tail + "|" + before + upper + "+" + lower + "*" +
         tail + "|" + numbers + R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

// DeepSeek LLM lists letters that have a case, but not all that Unicode has since: Latin, Greek,
// Cyrillic, Armenian, Georgian, Cherokee, Glagolitic, Coptic, Deseret, Osage and so on.
constexpr const char* deepseek_letters =
    R"(\s?[)"
    R"(A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293})"
    R"(\x{295}-\x{2af}\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386})"
    R"(\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f})"
    R"(\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5}\x{13f8}-\x{13fd}\x{1c90}-\x{1cba})"
    R"(\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15})"
    R"(\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b})"
    R"(\x{1f5d}\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4})"
    R"(\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4})"
    R"(\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124})"
    R"(\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134}\x{2139}\x{213c}-\x{213f})"
    R"(\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4})"
    R"(\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d}\x{a680}-\x{a69b}\x{a722}-\x{a76f})"
    R"(\x{a771}-\x{a787}\x{a78b}-\x{a78e}\x{ab70}-\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17})"
    R"(\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}\x{104b0}-\x{104d3})"
    R"(\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df})"
    R"(\x{1e900}-\x{1e943})"
    R"(]+)";
constexpr const char* deepseek_punctuation =
    R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)";
constexpr const char* deepseek_asian = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";
constexpr const char* deepseek3_asian = R"([\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+)";
constexpr const char* deepseek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)"
    R"( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

const std::vector<PreTokenizer>& pre_tokenizers() {
  static const std::vector<PreTokenizer> all = {
      // What llama.cpp takes for a file that does not say.
      {{"default"}, {R"([\p{P}\$\+<=>\^~\|]+)", gpt2_pattern, R"(\p{N}+)", three_digits}},
      {{"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "exaone4", "granite-docling",
        "gigachat", "mellum", "modern-bert", "a.x-4.0", "jina-es", "jina-de", "jina-v2-es",
        "jina-v2-de"},
       {gpt2_pattern}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"},
       {llama3_pattern},
       true,
       true},
      {{"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"}, {llama3_pattern}},
      {{"qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "grok-2", "solar-open"},
       {qwen2_pattern}},
      {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
       {digit, gpt2_pattern}},
      {{"falcon"}, {R"([\p{P}\$\+<=>\^~\|`]+)", gpt2_pattern, three_digits}},
      {{"deepseek-llm"},
       {line_break, deepseek_letters, deepseek_punctuation, R"(\s+$)", deepseek_asian,
        R"(\p{N}+)"}},
      {{"deepseek-coder"}, {line_break, R"(\s?\p{L}+)", R"(\s?\p{P}+)", deepseek_asian, digit}},
      {{"deepseek-v3", "hunyuan-dense"}, {up_to_three_digits, deepseek3_asian, deepseek3}},
      {{"tekken"}, {cased_words("", digit)}, true, true},
      {{"gpt-4o", "llama4", "kanana2"},
       {cased_words("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", up_to_three_digits)}},
      {{"bloom", "poro-chat", "gpt3-finnish"}, {bloom}},
      {{"viking"}, {bloom, digit}},
  };
  return all;
}

}  // namespace

const PreTokenizer& find_pre_tokenizer(std::string_view name, std::string_view where) {
  std::string known;
  for (const PreTokenizer& one : pre_tokenizers()) {
    if (std::ranges::find(one.names, name) != one.names.end()) {
      return one;
    }
    for (const std::string_view other : one.names) {
      known += known.empty() ? "" : ", ";
      known += other;
    }
  }
  throw Error(Code::unsupported,
              fmt::format("{}: tokenizer.ggml.pre is {}; {} are known", where, name, known),
              "pass another tokenizer of the model, such as its tokenizer.json");
}

}  // namespace crayon::importers
