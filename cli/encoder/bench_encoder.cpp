#include "cli/encoder/bench_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/emulation.h"
#include "base/machine.h"
#include "base/process.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/placement.h"
#include "runtime/bench/statistics.h"

namespace crayon::cli {
namespace {

/// A caption's length, and the longest text that CLIP takes.
constexpr std::array<std::uint32_t, 2> text_lengths = {16, 77};

struct Timing {
  std::string test;
  std::size_t threads;
  std::string kernels;
  std::vector<double> milliseconds;  ///< [repetitions]
};

Timing measure(std::string test, std::size_t threads, const EncoderEngine& engine, int repetitions,
               const std::function<void()>& embed) {
  Timing timing{std::move(test), threads, std::string(engine.compute().kernels->name), {}};
  embed();  // so that every page was touched and the clock is up
  for (int i = 0; i < repetitions; ++i) {
    const double begin = monotonic_seconds();
    embed();
    timing.milliseconds.push_back((monotonic_seconds() - begin) * 1e3);
  }
  return timing;
}

void add_timings(EncoderEngine& engine, std::size_t threads, int repetitions,
                 std::vector<Timing>& timings) {
  for (const std::uint32_t length : text_lengths) {
    const std::vector<formats::Token> tokens(std::min(length, engine.encoder().most_tokens()), 1);
    timings.push_back(measure(fmt::format("text of {}", tokens.size()), threads, engine,
                              repetitions, [&] { (void)engine.embed_tokens(tokens); }));
  }
  const std::size_t side = engine.encoder().image_size();
  const std::vector<float> pixels(3 * side * side, 0.5f);
  timings.push_back(
      measure("image", threads, engine, repetitions, [&] { (void)engine.embed_pixels(pixels); }));
}

Json timing_json(const Timing& timing) {
  return {{"test", timing.test},
          {"threads", timing.threads},
          {"kernels", timing.kernels},
          {"median_ms", bench::median(timing.milliseconds)},
          {"p10_ms", bench::quantile(timing.milliseconds, 0.1)},
          {"p90_ms", bench::quantile(timing.milliseconds, 0.9)},
          {"all_ms", timing.milliseconds}};
}

void print_table(const std::vector<Timing>& timings) {
  print(
      fmt::format("| {:<12} | {:>7} | {:<10} | {:>9} | {:>17} |\n|--------------|--------:|"
                  "------------|----------:|------------------:|\n",
                  "test", "threads", "kernels", "ms", "10 % to 90 %"));
  for (const Timing& timing : timings) {
    print(fmt::format("| {:<12} | {:>7} | {:<10} | {:>9.2f} | {:>8.2f} {:>8.2f} |\n", timing.test,
                      timing.threads, timing.kernels, bench::median(timing.milliseconds),
                      bench::quantile(timing.milliseconds, 0.1),
                      bench::quantile(timing.milliseconds, 0.9)));
  }
}

}  // namespace

void bench_encoder(const EncoderBenchOptions& options, const EngineOptions& engine_options) {
  std::vector<Timing> timings;
  std::uint64_t peak = 0;
  model::MemoryEstimate memory;
  const std::vector<std::string> best{std::string()};
  for (const std::size_t threads : options.threads) {
    for (const std::string& kernels : options.kernels.empty() ? best : options.kernels) {
      EngineOptions with = engine_options;
      with.threads = threads;
      with.kernels = kernels;
      EncoderEngine engine(formats::Bundle::open(options.encoder), to_engine_options(with));
      add_timings(engine, threads, options.repetitions, timings);
      if (peak == 0) {
        peak = peak_rss_bytes();
        memory = engine.memory();
      }
    }
  }
  const Emulation emulation = read_emulation(SystemFiles());
  if (!options.json) {
    print_table(timings);
    print(fmt::format("\nmemory: {} for weights, KV caches and scratch; peak {}\n",
                      bytes_text(memory.total()), bytes_text(peak)));
    if (emulation.is_emulated()) {
      print("emulated: these times say nothing of a board\n");
    }
    return;
  }
  Json tests = Json::array();
  for (const Timing& timing : timings) {
    tests.push_back(timing_json(timing));
  }
  print_json({{"encoder", options.encoder},
              {"emulated", emulation.is_emulated()},
              {"tests", std::move(tests)},
              {"memory_bytes", memory.total()},
              {"peak_rss_bytes", peak}});
}

}  // namespace crayon::cli
