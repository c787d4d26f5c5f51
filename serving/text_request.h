#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "runtime/generation/generated.h"
#include "runtime/tokenizer/tokenizer.h"
#include "serving/service.h"
#include "transport/chat_api.h"

namespace crayon::serving {

/// How a request's text is to be generated. Throws bad_argument for more tokens than the service
/// gives.
generation::GenerateOptions generate_options(const Service& service,
                                             const transport::TextOptions& options,
                                             std::uint32_t alternatives);

/// `starts_text`: without the space that the tokenizer has put in front of a text.
transport::TokenRecord record_of(const generation::Chosen& chosen,
                                 const tokenizer::Tokenizer& tokenizer, bool starts_text = false);

const char* finish_name(generation::Finish finish);

/// Times the text of one answer for the metrics, from the arrival of its request on.
class AnswerClock {
 public:
  explicit AnswerClock(Metrics& metrics) : metrics_(metrics) {}
  /// Some text or tokens are out.
  void piece(std::size_t tokens);

 private:
  using Clock = std::chrono::steady_clock;

  Metrics& metrics_;
  Clock::time_point last_ = Clock::now();
  bool first_ = true;
};

}  // namespace crayon::serving
