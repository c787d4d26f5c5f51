#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"
#include "runtime/eval/examiner.h"
#include "runtime/eval/task_file.h"
#include "runtime/hybrid/assistant.h"
#include "runtime/hybrid/calibration.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  std::string examples;
  std::string output;  ///< empty: the adapter itself
  std::string embedding;
  hybrid::CalibrationOptions calibration;
  generation::GenerateOptions generate;
  EngineOptions engine;
};

/// The only adapter. Its scale must be its own: thresholds are of no use at another.
std::string adapter_of(const Options& options) {
  if (options.engine.loras.size() != 1 || parse_lora(options.engine.loras[0]).scale != 1.0f) {
    throw Error(Code::bad_argument, "calibration is of one adapter, or one pool, at its own scale",
                "name it: --adapter PATH");
  }
  return parse_lora(options.engine.loras[0]).path;
}

/// Half of the layers know about as much of a question as all do, and are there before the rest.
formats::Embedding embedding_of(const Options& options, const formats::ModelConfig& config) {
  if (options.embedding.empty()) {
    return {.layer = std::max(1u, (config.layers + 1) / 2), .last = true};
  }
  formats::Embedding embedding = formats::parse_embedding(options.embedding);
  embedding.check(config);
  return embedding;
}

/// Greedy models go on behind an answer that their task ends with a line.
bool is_right(const hybrid::Answer& answer, const std::string& wanted) {
  return eval::same_answer(answer.text, wanted) ||
         eval::same_answer(answer.text.substr(0, answer.text.find('\n')), wanted);
}

hybrid::Sample sample_of(const eval::TaskItem& item, const hybrid::Assistant& assistant,
                         const hybrid::AskOptions& ask) {
  const generation::Turn turn{"user", item.content()};
  hybrid::Answer answer = assistant.ask({&turn, 1}, ask, {});
  hybrid::Sample sample{.signals = std::move(answer.signals), .right = {}, .embedding = {}};
  if (!item.answer.empty()) {
    sample.right = is_right(answer, item.answer);
  }
  return sample;
}

std::vector<hybrid::Sample> samples_of(std::span<const eval::TaskItem> items, const Engine& engine,
                                       const Options& options, formats::Embedding embedding) {
  adapters::AdapterSet set = engine.adapters();
  set.routing.reset();  // what an earlier calibration says does not count
  const hybrid::Assistant assistant(
      std::make_shared<generation::SessionGenerator>(engine.model(), engine.tokenizer()),
      std::move(set), {});
  hybrid::AskOptions ask;
  ask.route = hybrid::Route::local;
  ask.explain = true;
  ask.deadline = std::chrono::hours(24);
  ask.generate = options.generate;
  std::vector<hybrid::Sample> samples;
  Progress progress("asking", "examples");
  for (const eval::TaskItem& item : items) {
    samples.push_back(sample_of(item, assistant, ask));
    const std::string text = item.content();
    samples.back().embedding =
        adapters::embed(engine.model(), engine.tokenizer(), {&text, 1}, embedding);
    progress.update(samples.size(), items.size());
  }
  return samples;
}

Json to_json(const hybrid::Calibration& calibration, std::size_t examples,
             const std::string& path) {
  Json signals = Json::array();
  for (const hybrid::CalibratedSignal& one : calibration.signals) {
    Json line = {{"signal", one.signal->name},
                 {"stage", hybrid::stage_name(one.signal->stage)},
                 {"threshold", one.threshold},
                 {"share", one.share},
                 {"decides", one.decides}};
    if (one.auroc) {
      line["auroc"] = *one.auroc;
      line["stderr"] = *one.standard_error;
    }
    signals.push_back(line);
  }
  return {{"path", path},
          {"examples", examples},
          {"known", calibration.known},
          {"right", calibration.right},
          {"signals", signals},
          {"why", calibration.why}};
}

void print_table(const hybrid::Calibration& calibration) {
  print(fmt::format("  {:<24} {:<11} {:>16}  {:>10}  {:>6}\n", "signal", "stage", "AUROC",
                    "threshold", "share"));
  for (const hybrid::CalibratedSignal& one : calibration.signals) {
    const std::string auroc =
        one.auroc ? fmt::format("{:.3f} +- {:.3f}", *one.auroc, *one.standard_error) : "unknown";
    print(fmt::format("{} {:<24} {:<11} {:>16}  {:>10.4f}  {:>5.1f}%\n", one.decides ? '*' : ' ',
                      one.signal->name, hybrid::stage_name(one.signal->stage), auroc, one.threshold,
                      100 * one.share));
  }
}

Exit run(const Options& options, const Common& common) {
  const std::string adapter = adapter_of(options);
  const std::vector<eval::TaskItem> items = eval::read_task_file(options.examples);
  const Engine engine(options.model, options.engine);
  const formats::Bundle bundle = formats::Bundle::open(adapter);

  hybrid::CalibrationOptions how = options.calibration;
  how.embedding = embedding_of(options, engine.model().config());
  const std::vector<hybrid::Sample> samples = samples_of(items, engine, options, how.embedding);
  const hybrid::Calibration calibration = hybrid::calibrate(samples, how);
  const std::string path = options.output.empty() ? adapter : options.output;
  formats::pack_routing(bundle, calibration.routing, path);

  if (common.json) {
    print_json(to_json(calibration, items.size(), path));
    return Exit::ok;
  }
  print_table(calibration);
  const auto decides =
      std::ranges::find_if(calibration.signals, &hybrid::CalibratedSignal::decides);
  print(fmt::format("{}: {} decides, as {}; {} examples, {} of {} right\n", path,
                    decides->signal->name, calibration.why, items.size(), calibration.right,
                    calibration.known));
  return Exit::ok;
}

}  // namespace

Action declare_calibrate(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  command
      .add_option("-e,--examples", options->examples,
                  "JSONL file with your questions, with their answers where you have them")
      .required();
  command
      .add_option("--share", options->calibration.share,
                  "Share of such questions that may go to the larger model")
      .within(0.0, 1.0)
      .show_default();
  command.add_option("-o,--output", options->output,
                     "The calibrated bundle; default: the adapter itself is replaced");
  command.add_option("--signal", options->calibration.signal,
                     "What is to decide; default: what is best on the examples");
  command.add_option("--embedding", options->embedding,
                     "What the learned probe sees: query-mean, hidden-L-mean or hidden-L-last; "
                     "default: the last token behind half of the layers");
  options->generate.max_tokens = 64;
  command.add_option("-n,--max-tokens", options->generate.max_tokens, "Tokens of an answer at most")
      .show_default();
  add_adapter_option(command, options->engine);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] { return run(*options, common); };
}

}  // namespace crayon::cli
