// The bodies of requests about text as it stands: completions, embeddings, tokens, a blend.
#include <cmath>

#include "base/error.h"
#include "tests/fuzz/fuzz.h"
#include "transport/completion_api.h"

namespace crayon::fuzz {
namespace {

using namespace transport;

template <typename Read>
void read_or_refuse(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    require(error.code() == Code::malformed || error.code() == Code::bad_argument,
            "what is no request is malformed or has a bad argument");
  }
}

void check_completion(std::string_view text) {
  const CompletionRequest request = CompletionRequest::parse(text);
  require(request.max_tokens >= 1 || request.echo, "there is room for a token");
  require(request.temperature >= 0 && request.temperature <= 2, "temperature is in 0..2");
  require(request.prompt.tokens.empty() || request.prompt.text.empty(), "tokens or a text");
}

void check(std::string_view text) {
  read_or_refuse([&] { check_completion(text); });
  read_or_refuse([&] {
    const EmbeddingRequest request = EmbeddingRequest::parse(text);
    require(!request.inputs.empty() && request.inputs.size() <= 2048, "there are 1 to 2048 inputs");
  });
  read_or_refuse([&] { TokenizeRequest::parse(text); });
  read_or_refuse([&] { parse_detokenize(text); });
  read_or_refuse([&] {
    for (const float weight : parse_blend_weights(text)) {
      require(std::isfinite(weight), "a weight is finite");
    }
  });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
