// crayon-train tokenizer: a vocabulary of one's own, in the form that `crayon pack` reads.

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "train/tokens/bpe_trainer.h"
#include "train/tokens/sentences.h"
#include "train/tokens/tokenizer_folder.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

struct Options {
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path output;
  BpeOptions bpe;
  std::size_t sentences = 1'000'000;
  std::uint64_t seed = 0;
};

Exit run(const Options& options) {
  const std::vector<std::string> sentences =
      sample_sentences(options.inputs, options.sentences, options.seed);
  const TrainedBpe trained = train_bpe(sentences, options.bpe);
  write_tokenizer_folder(trained.data, options.output);
  write_text(options.output / "tokenizer.model", trained.model);
  fmt::print("{}: {} pieces from {} sentences\n", options.output.string(),
             trained.data.pieces.size(), sentences.size());
  return Exit::ok;
}

}  // namespace

Action declare_tokenizer(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  command.add_option("TEXT", options->inputs, ".txt or .jsonl task files, or either with .zst")
      ->required();
  command.add_option("-o,--output", options->output, "Folder for tokenizer.json")->required();
  command.add_option("--vocab", options->bpe.vocab_size, "Pieces, 512 to 1048576")
      ->check(CLI::Range(512u, 1u << 20))
      ->capture_default_str();
  command
      .add_option("--coverage", options->bpe.character_coverage,
                  "Share of all characters that get a piece; the others become bytes")
      ->check(CLI::Range(0.9, 1.0))
      ->capture_default_str();
  command.add_option("--sentences", options->sentences, "Lines at most, drawn from all at random")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("-s,--seed", options->seed, "Of the draw")->capture_default_str();
  return [options] { return run(*options); };
}

}  // namespace crayon::train
