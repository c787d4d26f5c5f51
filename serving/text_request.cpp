#include "serving/text_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace crayon::serving {

generation::GenerateOptions generate_options(const Service& service,
                                             const transport::TextOptions& options,
                                             std::uint32_t alternatives) {
  if (options.max_tokens > service.max_tokens) {
    throw Error(Code::bad_argument, fmt::format("max_tokens is {}", options.max_tokens),
                fmt::format("ask for {} at most", service.max_tokens));
  }
  generation::GenerateOptions generate = service.ask.generate;
  generate.max_tokens = options.max_tokens;
  generate.sampler = {.temperature = static_cast<float>(options.temperature),
                      .top_k = options.top_k,
                      .top_p = static_cast<float>(options.top_p),
                      .min_p = static_cast<float>(options.min_p),
                      .repetition_penalty = static_cast<float>(options.repetition_penalty),
                      .seed = options.seed};
  generate.stop = options.stop;
  generate.alternatives = alternatives;
  generation::check(generate.sampler);
  return generate;
}

transport::TokenRecord record_of(const generation::Chosen& chosen,
                                 const tokenizer::Tokenizer& tokenizer, bool starts_text) {
  const auto text_of = [&](const generation::ScoredToken& token) {
    const std::string_view bytes =
        starts_text ? tokenizer.first_bytes(token.token) : tokenizer.bytes(token.token);
    return transport::TokenText{.bytes = std::string(bytes),
                                .log_probability = token.log_probability};
  };
  transport::TokenRecord record{.token = text_of(chosen.token), .likeliest = {}};
  for (const generation::ScoredToken& other : chosen.likeliest) {
    record.likeliest.push_back(text_of(other));
  }
  return record;
}

const char* finish_name(generation::Finish finish) {
  return finish == generation::Finish::stop ? "stop" : "length";
}

void AnswerClock::piece(std::size_t tokens) {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  if (std::exchange(first_, false)) {
    metrics_.add_first_token(seconds);
  } else {
    const std::size_t steps = std::max<std::size_t>(tokens, 1);
    metrics_.add_between_tokens(seconds / static_cast<double>(steps), steps);
  }
}

}  // namespace crayon::serving
