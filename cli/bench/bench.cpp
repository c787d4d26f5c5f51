#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/machine.h"
#include "base/process.h"
#include "cli/bench/bench_report.h"
#include "cli/bench/lanes.h"
#include "cli/bench/other_load.h"
#include "cli/bench/sustained.h"
#include "cli/encoder/bench_encoder.h"
#include "cli/engine.h"
#include "cli/inspect/model_description.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "runtime/bench/statistics.h"
#include "runtime/bench/traffic.h"
#include "store/store.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  std::vector<std::uint32_t> prompts{512};
  std::vector<std::uint32_t> decodes{128};
  std::vector<std::uint32_t> sequences{1};
  std::vector<std::uint32_t> both;  ///< pairs: tokens of a prompt, tokens decoded behind them
  std::vector<std::size_t> threads;
  std::vector<std::string> kernels;
  int repetitions = 5;
  std::string format = "md";
  std::uint32_t speculate = 0;
  bool warm_up = true;
  std::string sustain;  ///< how long to run, in the place of repetitions; empty: not
  EngineOptions engine;
  SessionOptions session;  ///< its context is that of the tests
};

std::vector<bench::Test> tests_of(const Options& options) {
  std::vector<bench::Test> tests;
  for (const std::uint32_t prompt : options.prompts) {
    tests.push_back({prompt, 0});
  }
  const auto add_decoding = [&](std::uint32_t prompt, std::uint32_t decode) {
    for (const std::uint32_t sequences : options.sequences) {
      tests.push_back({prompt, decode, sequences});
    }
  };
  for (const std::uint32_t decode : options.decodes) {
    add_decoding(0, decode);
  }
  if (options.both.size() % 2 != 0) {
    throw Error(Code::bad_argument, "--pg without a second number", "write --pg 512,128");
  }
  for (std::size_t i = 0; i < options.both.size(); i += 2) {
    add_decoding(options.both[i], options.both[i + 1]);
  }
  // 0 leaves a kind of test out, as in `-n 0`.
  std::erase_if(tests, [](const bench::Test& test) { return test.prompt + test.decode == 0; });
  if (tests.empty()) {
    throw Error(Code::bad_argument, "there is nothing to measure",
                "give -p or -n a number of tokens above 0");
  }
  return tests;
}

std::uint32_t positions_of(const std::vector<bench::Test>& tests) {
  std::uint32_t most = 0;
  for (const bench::Test& test : tests) {
    most = std::max(most, test.prompt + test.decode);
  }
  return most;
}

std::uint32_t most_sequences(const std::vector<bench::Test>& tests) {
  std::uint32_t most = 1;
  for (const bench::Test& test : tests) {
    most = std::max(most, test.sequences);
  }
  return most;
}

MachineState machine_state() {
  const SystemFiles files;
  return {hottest(files), throttling(files)};
}

/// A whole prompt and a few tokens, so that every page was touched and the clock is up.
void warm_up(const bench::Lane& lane, const std::vector<bench::Test>& tests) {
  constexpr std::uint32_t most_decoded = 16;
  for (bench::Test test : tests) {
    test.decode = std::min(test.decode, most_decoded);
    bench::Times times;
    bench::run_once(test, {&lane, 1}, 0, {&times, 1});
  }
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        tests_(tests_of(options)),
        positions_(positions_of(tests_)),
        sustain_seconds_(options.sustain.empty() ? 0 : parse_duration(options.sustain)),
        // A long run has a session for each of its tests.
        sequences_(options.sustain.empty() ? most_sequences(tests_)
                                           : static_cast<std::uint32_t>(tests_.size())) {
    if (sustain_seconds_ > 0) {
      check_sustained();
    }
  }

  BenchReport run() {
    report_.path = options_.model;
    report_.repetitions = options_.repetitions;
    report_.machine = machine_model(SystemFiles());
    report_.emulation = read_emulation(SystemFiles());
    report_.before = machine_state();
    const OtherLoad others;
    for (const std::size_t threads : options_.threads) {
      run_with(threads);
    }
    report_.other_load = others.share();
    report_.after = machine_state();
    return std::move(report_);
  }

 private:
  void check_sustained() const {
    cli::check_sustained(tests_);
    if (options_.threads.size() > 1 || options_.kernels.size() > 1 || options_.speculate != 0) {
      throw Error(Code::bad_argument, "--sustain measures one way to run at a time",
                  "give one number to -t, one set to --kernels, and no --speculate");
    }
  }

  void sustain(const BenchLanes& lanes) {
    SustainedReport& sustained = report_.sustained.emplace(
        run_sustained(tests_, lanes, sustain_seconds_, report_.placement.cpus));
    sustained.kv = kv_name(lanes.kv());
    sustained.bytes_per_token = bytes_read(lanes, lanes.lanes().back(), tests_.back());
  }

  void run_with(std::size_t threads) {
    EngineOptions engine = options_.engine;
    engine.threads = threads;
    BenchLanes lanes(options_.model, engine, positions_, sequences_, options_.session.kv);
    const std::vector<std::string> one_set{std::string()};
    for (const std::string& kernels : options_.kernels.empty() ? one_set : options_.kernels) {
      const std::size_t before = lanes.lanes().size();
      lanes.add(kernels);
      for (std::size_t lane = before; options_.warm_up && lane < lanes.lanes().size(); ++lane) {
        warm_up(lanes.to_run()[lane], tests_);
      }
      if (report_.peak_rss == 0) {
        describe(lanes, engine);
      }
    }
    if (sustain_seconds_ > 0) {
      return sustain(lanes);
    }
    bench::ReadBandwidth bandwidth(bench::ReadBandwidth::usual_bytes);
    Progress progress(fmt::format("{} threads", threads), "runs");
    const bench::Measurements measured =
        bench::run(tests_, lanes.to_run(), options_.repetitions, &bandwidth,
                   [&](std::uint64_t done, std::uint64_t all) { progress.update(done, all); });
    add_rows(lanes, measured, threads);
    add_ratios(lanes, measured, threads);
    if (options_.speculate != 0 && report_.speculation.speculate == 0) {
      report_.speculation = measure_speculation(*lanes.lanes().front().engine, options_.session,
                                                options_.speculate, options_.repetitions);
    }
  }

  /// What is known as soon as the first model is there, and nothing else takes memory.
  void describe(const BenchLanes& lanes, const EngineOptions& engine) {
    const BenchLanes::Lane& last = lanes.lanes().back();
    const formats::Bundle& bundle = last.engine->bundle();
    const model::MemoryEstimate estimate = model::Model::estimate(
        bundle.info(), last.engine->model().kernels(), positions_, lanes.kv());
    report_.peak_rss = peak_rss_bytes();
    report_.id = formats::to_hex(bundle.id());
    report_.file_bytes = bundle.file_size();
    report_.parameters = weights_in(bundle.info());
    report_.weights =
        formats::dtype_name(bundle.at(formats::projection(0, formats::Projection::q)).dtype);
    report_.weight_bytes = estimate.weights;
    report_.kv_bytes = estimate.kv_cache * lanes.lanes().size() * sequences_;
    report_.adapter_bytes = last.adapter_bytes;
    report_.placement = placement_of(engine);
    const std::uint32_t cpu = report_.placement.cpus.empty() ? 0 : report_.placement.cpus.front();
    report_.governor = read_clock(SystemFiles(), cpu).governor;
  }

  void add_rows(const BenchLanes& lanes, const bench::Measurements& measured, std::size_t threads) {
    for (std::size_t test = 0; test < tests_.size(); ++test) {
      for (std::size_t i = 0; i < lanes.lanes().size(); ++i) {
        const BenchLanes::Lane& lane = lanes.lanes()[i];
        const bench::Times& times = measured.lanes[i][test];
        report_.rows.push_back({tests_[test], threads,
                                std::string(lane.engine->model().kernels().name), lane.adapters,
                                kv_name(lanes.kv()), bench::speeds_of(tests_[test], times),
                                bench::token_times_of(times), bytes_read(lanes, lane, tests_[test]),
                                bench::median(measured.bandwidth_of(i))});
      }
    }
  }

  /// By a decoded token, with the keys and values at the middle of the test. Sequences that decode
  /// together share what each step reads of weights.
  static std::uint64_t bytes_read(const BenchLanes& lanes, const BenchLanes::Lane& lane,
                                  const bench::Test& test) {
    const model::Model& model = lane.engine->model();
    const std::uint64_t weights =
        bench::weight_bytes_read(lane.engine->bundle().info(), model.kernels().layout) +
        lane.adapter_traffic();
    return weights / test.sequences +
           bench::kv_bytes_read(model.config(), lanes.kv(), test.prompt + test.decode / 2);
  }

  void add_ratios(const BenchLanes& lanes, const bench::Measurements& measured,
                  std::size_t threads) {
    // With adapters there are two lanes a kernel set: the bare one, then the adapted one.
    const std::size_t a_set = options_.engine.loras.empty() ? 1 : 2;
    const auto name = [&](std::size_t lane) {
      return std::string(lanes.lanes()[lane].engine->model().kernels().name);
    };
    for (std::size_t test = 0; test < tests_.size(); ++test) {
      const auto ratio = [&](std::size_t lane, std::size_t beside) {
        return bench::ratio(measured.lanes[lane][test], measured.lanes[beside][test]);
      };
      for (std::size_t lane = 0; lane < lanes.lanes().size(); lane += a_set) {
        if (lane != 0) {
          report_.kernel_ratios.push_back(
              {tests_[test].name(), threads, name(0), name(lane), ratio(0, lane)});
        }
        if (a_set == 2) {
          report_.adapter_ratios.push_back({tests_[test].name(), threads,
                                            lanes.lanes()[lane + 1].adapters, name(lane),
                                            ratio(lane + 1, lane)});
        }
      }
    }
  }

  const Options& options_;
  const std::vector<bench::Test> tests_;
  const std::uint32_t positions_;
  const double sustain_seconds_;
  const std::uint32_t sequences_;
  BenchReport report_;
};

bool is_encoder(const std::string& path) {
  return formats::Bundle::open(store::model_file(path)).info().kind == formats::BundleKind::encoder;
}

Exit run(const Options& options, const Common& common) {
  if (is_encoder(options.model)) {
    bench_encoder({.encoder = options.model,
                   .threads = options.threads,
                   .kernels = options.kernels,
                   .repetitions = options.repetitions,
                   .json = common.json || options.format == "json"},
                  options.engine);
    return Exit::ok;
  }
  const BenchReport report = Bench(options).run();
  if (common.json || options.format == "json") {
    print_bench_json(report);
  } else if (options.format == "csv") {
    print_bench_csv(report);
  } else {
    print_bench_markdown(report);
  }
  return Exit::ok;
}

}  // namespace

Action declare_bench(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  options->threads = {options->engine.threads};
  const int most_tokens = 1 << 20;
  command.add_option("MODEL", options->model, "A model bundle, or an encoder").required();
  command.add_option("-p,--n-prompt", options->prompts, "Tokens of a prompt (test pp512); 0: none")
      .delimiter(',')
      .within(0, most_tokens)
      .show_default();
  command.add_option("-n,--n-gen", options->decodes, "Tokens decoded (test tg128); 0: none")
      .delimiter(',')
      .within(0, most_tokens)
      .show_default();
  command
      .add_option("--pg", options->both, "Tokens of a prompt, and decoded behind it, as one test")
      .delimiter(',')
      .value_name("P,N")
      .within(0, most_tokens);
  command
      .add_option("--sequences", options->sequences,
                  "Sequences that decode together, one number after another")
      .delimiter(',')
      .within(1, 1024);
  command.add_option("-r,--repetitions", options->repetitions, "Times that each test runs")
      .within(1, 1000)
      .show_default();
  command.add_option("-t,--threads", options->threads, "Threads to compute with, one after another")
      .delimiter(',')
      .within(1, 1024)
      .show_default();
  command
      .add_option("--sustain", options->sustain,
                  "Run for so long (90s, 10m, 2h) in the place of repetitions, and show how speed, "
                  "heat and clock went")
      .value_name("TIME");
  command
      .add_option("--kernels", options->kernels,
                  "Kernel sets to use, side by side, of those that `crayon doctor` lists")
      .delimiter(',');
  command.add_option("-o,--output", options->format, "Form of the report")
      .one_of({"md", "json", "csv"})
      .show_default();
  command.add_flag("--warm-up,!--no-warm-up", options->warm_up,
                   "Run each test once before it is timed, which is the default");
  add_speculate_option(command, options->speculate);
  add_adapter_option(command, options->engine);
  add_prior_options(command, options->engine);
  add_kv_option(command, options->session);
  add_pin_option(command, options->engine);
  return [options, &common] { return run(*options, common); };
}

}  // namespace crayon::cli
