#include "tests/runtime/tokenizer/published.h"

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string_view>

#include "base/file.h"

namespace crayon::tokenizer::test {

using formats::Token;

namespace {

constexpr std::uint64_t file_limit = 64u << 20;

}  // namespace

std::vector<ReferenceCase> read_reference_cases(const std::filesystem::path& name) {
  constexpr std::string_view between = "\n__ggml_vocab_test__\n";
  const std::string texts = read_text(name.string() + ".inp", file_limit);
  std::istringstream lines(read_text(name.string() + ".out", file_limit));
  std::vector<ReferenceCase> cases;
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end = std::min(texts.find(between, begin), texts.size());
    ReferenceCase& one = cases.emplace_back();
    one.text = texts.substr(begin, end - begin);
    std::string line;
    std::getline(lines, line);
    std::istringstream ids(line);
    for (Token id = 0; ids >> id;) {
      one.tokens.push_back(id);
    }
    begin = end + between.size();
  }
  return cases;
}

}  // namespace crayon::tokenizer::test
