// crayon-train encode: texts and task items as tokens, ready to be trained on.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "formats/importers/importers.h"
#include "train/tokens/shard_builder.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

struct Options {
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path tokenizer;
  std::filesystem::path output;
  EncodeSettings settings;
};

Exit run(const Options& options) {
  const tokenizer::Tokenizer tokenizer(importers::import_tokenizer(options.tokenizer));
  const double started = monotonic_seconds();
  ShardBuilder builder(tokenizer, options.settings);
  for (const std::filesystem::path& input : options.inputs) {
    const std::size_t examples = builder.shard().answers.size();
    const std::size_t tokens = builder.shard().ids.size();
    builder.add(input);
    fmt::print("{}: {} examples, {} tokens\n", input.string(),
               builder.shard().answers.size() - examples, builder.shard().ids.size() - tokens);
    if (builder.full()) {
      break;
    }
  }
  write_shard(builder.shard(), options.output);
  fmt::print("{}: {} examples, {} tokens in {:.1f} s\n", options.output.string(),
             builder.shard().answers.size(), builder.shard().ids.size(),
             monotonic_seconds() - started);
  return Exit::ok;
}

}  // namespace

Action declare_encode(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  command.add_option("INPUT", options->inputs, ".txt or .jsonl task files, or either with .zst")
      ->required();
  command.add_option("--tokenizer", options->tokenizer, "Folder, tokenizer.json or GGUF")
      ->required();
  command.add_option("-o,--output", options->output, "Token shard to write")->required();
  command
      .add_option("--chunk", options->settings.chunks,
                  "Tokens of an example of text; of several lengths each gets as many tokens")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--limit-tokens", options->settings.limit, "Tokens of the shard at most");
  command.add_option("--chat-format", options->settings.chat_format, "How a question is put")
      ->capture_default_str();
  return [options] { return run(*options); };
}

}  // namespace crayon::train
