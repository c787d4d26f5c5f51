#include "cli/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <iostream>
#include <iterator>

#include "base/core_choice.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/chat_format.h"
#include "runtime/generation/lookahead.h"

namespace crayon::cli {
namespace {

constexpr std::uint64_t text_limit = std::uint64_t{256} << 20;  // bytes of a text to read

std::string read_standard_input() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

}  // namespace

EngineOptions::EngineOptions() : threads(default_threads()) {}

void add_engine_options(Command& command, EngineOptions& options) {
  // No number: the manual is written on another machine than the one that it is read on.
  command
      .add_option("-t,--threads", options.threads,
                  "Threads to compute with; default: one for each of the fastest cores")
      .within(1, 1024);
  add_pin_option(command, options);
  command.add_option("--kernels", options.kernels,
                     "Kernel set to use, one of those that `crayon doctor` lists");
}

void add_pin_option(Command& command, EngineOptions& options) {
  command.add_flag("--pin,!--no-pin", options.pin,
                   "Keep to the fastest cores, which is the default where threads do not outnumber "
                   "them");
}

void add_adapter_option(Command& command, EngineOptions& options) {
  command
      .add_option("-a,--adapter", options.loras,
                  "Adapter bundle to run beside the model, several add up; or a pool, which is "
                  "blended for each question")
      .value_name("PATH[=SCALE]")
      .one_value_each();
}

void add_chat_format_option(Command& command, std::string& name) {
  command
      .add_option("--chat-format", name,
                  fmt::format("How a conversation becomes text, in the place of the model's own "
                              "way: {}",
                              fmt::join(formats::chat_preset_names(), ", ")))
      .value_name("NAME");
}

void add_prior_options(Command& command, EngineOptions& options) {
  command.add_option("-e,--examples", options.examples,
                     "JSONL file with a few of your questions: what a pool blends for besides the "
                     "question at hand");
  command
      .add_option("--prior", options.prior,
                  "How much the examples count beside the question; default: 1, as much")
      .within(0.0, 1000.0);
  command
      .add_option("--tau", options.tau,
                  "Temperature at which a pool is blended; default: the pool's")
      .within(1e-4, 1e4);
}

void add_session_options(Command& command, SessionOptions& options) {
  command
      .add_option(
          "-c,--context", options.context,
          fmt::format("Positions to hold; default: the model's own, at most {}", default_context))
      .within(1, 1 << 24);
  add_kv_option(command, options);
}

void add_kv_option(Command& command, SessionOptions& options) {
  command.add_option("--kv", options.kv, "Type of the KV cache; default: what fits the weights")
      .one_of({"f16", "f32", "i8"});
}

void add_answering_options(Command& command, EngineOptions& engine, SessionOptions& session,
                           DistillOptions& distill) {
  add_adapter_option(command, engine);
  add_prior_options(command, engine);
  add_session_options(command, session);
  add_distill_options(command, distill);
}

void add_sampler_options(Command& command, generation::SamplerOptions& options) {
  command.add_option("--temp", options.temperature, "Temperature; 0 takes the best token")
      .show_default();
  command.add_option("--top-k", options.top_k, "Sample from the K best tokens; 0: from all")
      .show_default();
  command.add_option("--top-p", options.top_p, "Sample from the best tokens that sum up to P")
      .show_default();
  command
      .add_option("--min-p", options.min_p,
                  "Drop tokens below this share of the best one's probability")
      .show_default();
  command
      .add_option("--repeat-penalty", options.repetition_penalty,
                  "Divide the logits of recent tokens by this")
      .show_default();
  command
      .add_option("--repeat-window", options.repetition_window,
                  "Tokens that count as recent for --repeat-penalty")
      .show_default();
  command.add_option("-s,--seed", options.seed, "Seed of the sampler").show_default();
}

void add_speculate_option(Command& command, std::uint32_t& guesses) {
  command
      .add_option("--speculate", guesses,
                  "Tokens to guess at once from what the text has said before; 0: none. The answer "
                  "stays the same")
      .within(0u, generation::most_guesses)
      .show_default();
}

void add_text_input(Command& command, TextInput& input) {
  command.add_option("-p,--prompt", input.text, "The text");
  command.add_option("-f,--file", input.file, "A file with the text; - is standard input");
}

std::string read(const TextInput& input) {
  if (input.text.has_value() == input.file.has_value()) {
    throw Error(Code::bad_argument, input.text ? "both -p and -f give a text" : "there is no text",
                "give it as -p TEXT or as -f FILE");
  }
  if (input.text) {
    return *input.text;
  }
  return *input.file == "-" ? read_standard_input() : read_text(*input.file, text_limit);
}

void add_scoring_options(Command& command, eval::TextScoring& scoring) {
  command.add_option("--separator", scoring.separator,
                     "Text between documents, each of which starts afresh");
  command.add_option("--score-after", scoring.after,
                     "Count only what stands behind this text, wherever it is");
  command.add_option("--score-until", scoring.until,
                     "... up to this text, which counts, too; default: the document's end");
  command.add_flag("--special", scoring.special,
                   "Control tokens that are spelled in the text become those tokens");
}

LoraArgument parse_lora(const std::string& argument) {
  const std::size_t equals = argument.rfind('=');
  if (equals == std::string::npos || argument.find('/', equals) != std::string::npos) {
    return {argument, 1.0f};
  }
  LoraArgument lora{argument.substr(0, equals), 0.0f};
  const char* end = argument.data() + argument.size();
  const auto [stop, status] = std::from_chars(argument.data() + equals + 1, end, lora.scale);
  if (status != std::errc() || stop != end || !std::isfinite(lora.scale) || lora.path.empty()) {
    throw Error(Code::bad_argument, fmt::format("--adapter {}: no number behind the =", argument),
                "write --adapter PATH or --adapter PATH=SCALE");
  }
  return lora;
}

}  // namespace crayon::cli
