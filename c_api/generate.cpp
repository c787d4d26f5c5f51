#include "c_api/generate.h"

#include "base/error.h"
#include "c_api/runtime_state.h"
#include "c_api/structs.h"

namespace crayon::c_api {

generation::GenerateOptions to_generate_options(const crayon_generate_options& given) {
  generation::GenerateOptions options;
  if (given.max_tokens != 0) {
    options.max_tokens = given.max_tokens;
  }
  options.sampler.temperature = given.temperature;
  options.sampler.top_k = given.top_k;
  if (given.top_p != 0) {
    options.sampler.top_p = given.top_p;
  }
  options.sampler.min_p = given.min_p;
  if (given.repetition_penalty != 0) {
    options.sampler.repetition_penalty = given.repetition_penalty;
  }
  options.sampler.seed = given.seed;
  generation::check(options.sampler);
  if (given.stop_count != 0) {
    check_not_null(given.stop, "stop texts");
  }
  for (std::size_t i = 0; i < given.stop_count; ++i) {
    options.stop.push_back(required_text(given.stop[i], "a stop text"));
  }
  options.ignore_end = given.ignore_end != 0;
  options.json = given.json != 0;
  options.speculate = given.speculate;
  return options;
}

emphasis::EmphasisedText emphasised(const char* prompt, const crayon_generate_options& options) {
  const std::string text = required_text(prompt, "a prompt");
  return options.emphasis != 0 ? emphasis::parse(text) : emphasis::EmphasisedText{text, {}};
}

std::int32_t to_finish(generation::Finish finish) {
  switch (finish) {
    case generation::Finish::stop:
      return CRAYON_FINISH_STOP;
    case generation::Finish::length:
      return CRAYON_FINISH_LENGTH;
    case generation::Finish::cancelled:
      break;
  }
  return CRAYON_FINISH_CANCELLED;
}

crayon_generation to_generation(const generation::Generated& done) {
  return {.size = 0,
          .finish = to_finish(done.finish),
          .prompt_tokens = done.prompt_tokens,
          .tokens = static_cast<std::uint32_t>(done.tokens.size()),
          .steps = static_cast<std::uint32_t>(done.guesses.steps),
          .prefill_seconds = done.prefill_seconds,
          .decode_seconds = done.decode_seconds,
          .confidence = done.confidence()};
}

}  // namespace crayon::c_api
