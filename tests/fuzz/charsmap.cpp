// SentencePiece's precompiled charsmap, and a text by its rules: 1 byte with the size of the text,
// the text, the charsmap.
#include "formats/charsmap.h"

#include <algorithm>

#include "base/error.h"
#include "runtime/tokenizer/normalize.h"
#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

constexpr std::size_t longest_result = 1 << 12;

void check(std::string_view input) {
  if (input.empty()) {
    return;
  }
  const std::string_view text = input.substr(1, static_cast<std::uint8_t>(input[0]));
  const std::string_view bytes = input.substr(1 + text.size());
  try {
    const formats::Charsmap map(bytes);
    const formats::Charsmap::Rule rule = map.longest_at(text);
    require(rule.size <= text.size(), "a rule takes no more than there is");
    tokenizer::Origins origins(text.size());
    std::generate(origins.begin(), origins.end(), [n = 0u]() mutable { return n++; });
    const std::string rewritten = tokenizer::rewrite(text, map, longest_result, &origins);
    require(rewritten.size() <= longest_result, "the limit holds");
    require(rewritten == tokenizer::rewrite(text, map, longest_result), "origins change nothing");
    require(origins.size() == rewritten.size() && std::ranges::is_sorted(origins) &&
                (origins.empty() || origins.back() < text.size()),
            "every byte comes from one of the text");
  } catch (const Error& error) {
    require(error.code() == Code::corrupt || error.code() == Code::over_limit,
            "what is refused is corrupt, or makes too much of a text");
  }
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
