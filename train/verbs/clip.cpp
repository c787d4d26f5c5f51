// crayon-train clip: a small encoder of pictures and captions, trained on generated scenes.

#include <torch/torch.h>

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/dual/contrast.h"
#include "train/dual/dual_encoder.h"
#include "train/learn/trainer.h"
#include "train/scenes/caption.h"
#include "train/tokens/clip_vocabulary.h"
#include "train/verbs/clip_text.h"
#include "train/verbs/run_options.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

struct Options {
  std::filesystem::path output;
  std::int64_t steps = 0;
  std::int64_t batch = 64;
  std::int64_t dim = 128;
  std::int64_t layers = 4;
  std::int64_t heads = 4;
  std::int64_t pictures = 1000;  ///< of the zero-shot test
  double weight_decay = 0.1;
  double rate = 1e-3;
  DualConfig shape;
  TrainingOptions training;
};

DualConfig config_of(const Options& options, const ClipVocabulary& vocabulary) {
  DualConfig config = options.shape;
  for (TowerShape* tower : {&config.text, &config.image}) {
    tower->dim = options.dim;
    tower->layers = options.layers;
    tower->heads = options.heads;
    tower->hidden = 4 * options.dim;
  }
  config.vocab = std::ssize(vocabulary.pieces);
  config.bos = config.vocab - 2;
  config.eos = config.vocab - 1;
  return config;
}

std::int64_t parameters(DualEncoder& dual) {
  std::int64_t count = 0;
  for (const auto& [name, parameter] : dual.named()) {
    count += parameter->numel();
  }
  return count;
}

void learn(const Options& options, DualEncoder& dual, const Encode& encode) {
  const TrainingOptions& training = options.training;
  Optimizer optimizer(dual.named(), false,
                      {.adam_rate = options.rate, .weight_decay = options.weight_decay});
  std::uint64_t seen = 0;  // scenes of the series
  const auto make_gradients = [&] {
    clamp_scale(dual);
    SceneBatch batch = make_scene_batch(training.seed, seen, options.batch, dual.config, encode);
    batch.to(training.torch_device());
    seen += static_cast<std::uint64_t>(options.batch);
    const torch::Tensor loss = contrastive_loss(
        similarity(dual, image_features(dual, batch.pixels), text_features(dual, batch.captions)),
        batch.fits);
    loss.backward();
    return StepResult{loss.item<double>(), options.batch, {}};
  };
  train(training.run, dual.named(), optimizer, make_gradients,
        [&] { seen += static_cast<std::uint64_t>(options.batch); });
  clamp_scale(dual);
}

Exit clip(const Options& options) {
  const TrainingOptions& training = options.training;
  training.apply();
  const ClipVocabulary vocabulary = clip_vocabulary(scenes::caption_words());
  DualEncoder dual = DualEncoder::random(config_of(options, vocabulary), training.seed);
  std::filesystem::create_directories(options.output);
  write_clip_tokenizer(vocabulary, dual.config.context, options.output);
  const ClipText text(options.output);
  dual.to(training.torch_device());
  dual.require_grad(true);
  fmt::print(stderr, "{:.2f} M parameters, {} layers of width {} in each of two towers\n",
             static_cast<double>(parameters(dual)) / 1e6, options.layers, options.dim);
  const Encode encode = [&](const std::string& caption) { return text.encode(caption); };
  learn(options, dual, encode);

  dual.require_grad(false);
  dual.to(torch::kCPU);
  dual.save(options.output);
  // Scenes of another series than those that it has learned from.
  const ZeroShot right = zero_shot(dual, training.seed + 1, options.pictures, encode);
  fmt::print(
      "zero-shot accuracy on {} held-out pictures: shape {:.1f} %, color {:.1f} %, "
      "both {:.1f} %\n",
      options.pictures, 100 * right.shape, 100 * right.color, 100 * right.both);
  return Exit::ok;
}

}  // namespace

Action declare_clip(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  const auto count = [&command](const char* name, std::int64_t& value, int most, const char* text) {
    return command.add_option(name, value, text)->capture_default_str()->check(CLI::Range(1, most));
  };
  command.add_option("-o,--output", options->output, "The model's folder")->required();
  count("--steps", options->steps, 1 << 30, "Steps in all")->required()->default_str("");
  count("--batch", options->batch, 1 << 16, "Pictures, and captions, of a step");
  count("--dim", options->dim, 16384, "Width of the residual streams");
  count("--layers", options->layers, 128, "Layers of each tower");
  count("--heads", options->heads, 1024, "Heads of each tower");
  count("--output-dim", options->shape.output, 16384, "Width of the common space");
  count("--size", options->shape.image_size, 1024, "Pixels a side");
  count("--patch", options->shape.patch_size, 1024, "Pixels a patch's side");
  count("--context", options->shape.context, 4096, "Positions of the text tower");
  count("--pictures", options->pictures, 1'000'000, "Held-out pictures for the accuracy");
  command.add_option("--rate", options->rate, "AdamW's peak learning rate")->capture_default_str();
  command.add_option("--weight-decay", options->weight_decay, "Of matrices, decoupled")
      ->capture_default_str();
  add_run_options(command, options->training);
  return [options] {
    RunOptions& run = options->training.run;
    run.folder = options->output;
    run.tokens = options->steps * options->batch;
    run.unit = "pairs";
    return clip(*options);
  };
}

}  // namespace crayon::train
