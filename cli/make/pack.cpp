#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "base/process.h"
#include "cli/make/calibration.h"
#include "cli/make/smoothing.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "formats/importers/importers.h"
#include "formats/packer.h"
#include "runtime/smoothing/static_ranges.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string source;
  std::string tokenizer;
  std::string random;  ///< shape of a random model, instead of a source
  std::uint64_t seed = 1;
  std::string output;
  std::string weights = "int8";
  std::string head;         ///< empty: as the weights, but int8 for int4
  std::string chat_format;  ///< a preset's name; empty: what the model's template says
  SmoothingOptions smoothing;
  std::string activations = "dynamic";  ///< scales of their int8 form
  std::string calibration;              ///< a text file
};

formats::Dtype dtype_of(const std::string& name) {
  if (name == "f32") {
    return formats::Dtype::f32;
  }
  if (name == "f16") {
    return formats::Dtype::f16;
  }
  return name == "int4" ? formats::Dtype::i4 : formats::Dtype::i8;
}

/// A head takes part in every choice of a token, and errors in embeddings go into every layer:
/// four bits are for those who ask for them.
std::string head_of(const Options& options) {
  if (!options.head.empty()) {
    return options.head;
  }
  return options.weights == "int4" ? "int8" : options.weights;
}

formats::ModelSource open_source(const Options& options) {
  if (options.source.empty() == options.random.empty()) {
    throw Error(Code::bad_argument,
                options.source.empty() ? "there is nothing to pack"
                                       : "both SOURCE and --random name a model",
                "name a SOURCE, or use --random tiny");
  }
  if (!options.random.empty()) {
    return importers::random_model(options.random, options.seed);
  }
  return importers::import_model(options.source, options.tokenizer);
}

void choose_chat_format(formats::TokenizerData& tokenizer, const Options& options) {
  if (!options.chat_format.empty()) {
    set_chat_format(tokenizer, formats::chat_preset(options.chat_format));
  } else if (!tokenizer.chat_format.note.empty()) {
    note(
        fmt::format("warning: the model's chat template is not followed: {}; it is packed with "
                    "chat format plain, use --chat-format NAME for another",
                    tokenizer.chat_format.note));
  }
}

/// Throws bad_argument for options that would do nothing.
void check_calibration(const Options& options) {
  const std::string& method = options.smoothing.method;
  const bool is_static = options.activations == "static";
  if (is_static && (options.weights == "f32" || options.weights == "f16")) {
    throw Error(
        Code::bad_argument,
        fmt::format("{} weights read activations in floats, which have no ranges", options.weights),
        "drop --activations static, or use --weights int8 or int4");
  }
  if (!options.calibration.empty() && method != "smoothquant" && !is_static) {
    throw Error(Code::bad_argument, "--calibrate names a text, and nothing reads it",
                "add --smooth smoothquant or --activations static");
  }
  if (!options.smoothing.scales.empty() && method != "learned") {
    throw Error(Code::bad_argument, "--scales names learned scales, and nothing reads them",
                "add --smooth learned");
  }
}

/// The source with what is chosen for its int8 and int4 form before it is rounded.
formats::ModelSource prepared(formats::ModelSource source, const Options& options) {
  if (options.smoothing.method != "none") {
    source = smoothed(std::move(source), options.smoothing, options.calibration, options.output);
  }
  if (options.activations == "static") {
    const auto tokens = calibration_tokens(source, options.calibration);
    const TemporaryModel model(source, options.output, "preparing");
    const std::uint32_t layers = source.config.layers;
    source = formats::with_ranges(std::move(source),
                                  smoothing::static_ranges(calibrated(*model, tokens), layers));
  }
  return source;
}

Exit pack(const Options& options, const Common& common) {
  check_calibration(options);
  const double started = monotonic_seconds();
  formats::ModelSource source = open_source(options);
  choose_chat_format(source.tokenizer, options);
  formats::PackOptions pack_options;
  pack_options.weights = dtype_of(options.weights);
  pack_options.head = dtype_of(head_of(options));
  source = prepared(std::move(source), options);
  {
    Progress progress("packing", "weights");
    formats::pack_model(
        source, pack_options, options.output,
        [&](std::uint64_t done, std::uint64_t total) { progress.update(done, total); });
  }
  const double seconds = monotonic_seconds() - started;
  const formats::Bundle bundle = formats::Bundle::open(options.output);
  if (common.json) {
    print_json({{"path", options.output},
                {"id", formats::to_hex(bundle.id())},
                {"bytes", bundle.file_size()},
                {"tensors", bundle.info().tensors.size()},
                {"seconds", seconds}});
  } else {
    print(fmt::format("{}: {} tensors, {} weights, {}, {:.2f} s\n", options.output,
                      bundle.info().tensors.size(), options.weights, bytes_text(bundle.file_size()),
                      seconds));
  }
  return Exit::ok;
}

}  // namespace

Action declare_pack(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("SOURCE", options->source,
                     "A GGUF file, a Hugging Face folder, or a llama2.c .bin file");
  command.add_option("-o,--output", options->output, "The bundle to write").required();
  command.add_option("--tokenizer", options->tokenizer,
                     "Tokenizer file or folder, instead of what SOURCE has");
  command.add_option("--weights", options->weights, "Type of the layers' weights")
      .one_of({"int8", "int4", "f16", "f32"})
      .show_default();
  command
      .add_option("--head", options->head,
                  "Type of the output head and the embeddings; default: that of the weights, "
                  "int8 for int4")
      .one_of({"int8", "int4", "f16", "f32"});
  add_chat_format_option(command, options->chat_format);
  add_smoothing_options(command, options->smoothing);
  command
      .add_option("--activations", options->activations,
                  "Scales of int8 activations: each token's own, or chosen on --calibrate")
      .one_of({"dynamic", "static"})
      .show_default();
  command.add_option("--calibrate", options->calibration,
                     "A text that shows what the model's activations are like");
  command.add_option(
      "--random", options->random,
      "Pack random weights in a shape: tiny, that of a known model, or a config.json's");
  command.add_option("--seed", options->seed, "Seed of --random").show_default();
  return [options, &common] { return pack(*options, common); };
}

}  // namespace crayon::cli
