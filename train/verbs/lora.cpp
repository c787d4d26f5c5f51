#include <memory>
#include <string>

#include "train/model/decoder.h"
#include "train/verbs/adapt.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

struct Options {
  std::string base;
  std::string shard;
  std::string output;
  AdapterOptions adapter;
};

Exit lora(const Options& options) {
  options.adapter.training.apply();
  Weights base = Weights::load(options.base);
  const Shard shard = read_shard(options.shard);
  const auto examples = static_cast<std::int64_t>(shard.answers.size());
  const LoraPool pool = train_adapters(base, shard, torch::ones({examples, 1}), 1, options.adapter);
  save_peft(pool, 0, options.output, options.base);
  return Exit::ok;
}

}  // namespace

Action declare_lora(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("BASE", options->base, "A Hugging Face folder")->required();
  command.add_option("SHARD", options->shard, "Encoded examples with answers")->required();
  command.add_option("-o,--output", options->output, "The PEFT folder to write")->required();
  add_adapter_options(command, options->adapter);
  return [options] {
    options->adapter.training.run.folder = options->output;
    return lora(*options);
  };
}

}  // namespace crayon::train
