// Weights on words, as a user writes them: what is parsed is written and parsed back, and what is
// refused has a column.
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/emphasis/syntax.h"
#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

void check(std::string_view source) {
  try {
    const emphasis::EmphasisedText emphasised = emphasis::parse(source);
    emphasis::check(emphasised.spans, emphasised.text.size());
    require(emphasis::parse(emphasis::write(emphasised)) == emphasised,
            "what is written parses to the same");
    if (source.find_first_of("()[]\\") == std::string_view::npos) {
      require(emphasised == emphasis::EmphasisedText{std::string(source), {}},
              "text without brackets and backslashes is itself");
    }
  } catch (const Error& error) {
    require(error.code() == Code::bad_argument, "the only error is the syntax's");
    require(std::string_view(error.what()).starts_with("column "), "an error names its column");
  }
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
