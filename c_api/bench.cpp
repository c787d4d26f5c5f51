#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "c_api/adapters.h"
#include "c_api/call.h"
#include "c_api/structs.h"
#include "runtime/bench/plan.h"
#include "runtime/bench/read_bandwidth.h"
#include "runtime/bench/speeds.h"
#include "runtime/bench/statistics.h"
#include "runtime/bench/traffic.h"

using namespace crayon;
using namespace crayon::c_api;

namespace {

crayon_bench_options with_defaults(crayon_bench_options options) {
  const auto set = [](std::uint32_t& number, std::uint32_t usual, std::uint32_t most) {
    number = number != 0 ? number : usual;
    if (number > most) {
      throw Error(Code::bad_argument, fmt::format("{} is more than {}", number, most),
                  "measure less");
    }
  };
  set(options.prompt, 512, 1u << 20);
  set(options.decode, 128, 1u << 20);
  set(options.repetitions, 5, 1000);
  return options;
}

crayon_bench_result measure(const LoadedModel& model, const crayon_bench_options& options) {
  const engine::Engine& engine = *model.engine;
  const bench::Test tests[] = {{.prompt = options.prompt, .decode = 0},
                               {.prompt = 0, .decode = options.decode}};
  const auto session =
      engine.bare_session({.context = std::max(options.prompt, options.decode), .kv = ""});
  const adapters::AdapterSet adapters =
      load_attached(model, options.adapters, options.adapter_count, nullptr).finish();
  session->attach(adapters.fixed);
  const bench::Lane lanes[] = {{&model.model(), {session.get()}, &engine.thread_pool()}};
  bench::ReadBandwidth bandwidth(bench::ReadBandwidth::usual_bytes);
  const bench::Measurements measured =
      bench::run(tests, lanes, static_cast<int>(options.repetitions), &bandwidth,
                 [](std::uint64_t, std::uint64_t) {});
  const bench::Times& prefill = measured.lanes[0][0];
  const bench::Times& decode = measured.lanes[0][1];
  const bench::TokenTimes token = bench::token_times_of(decode);
  return {.size = 0,
          .prefill_tokens_per_second = bench::speeds_of(tests[0], prefill).median,
          .decode_tokens_per_second = bench::speeds_of(tests[1], decode).median,
          .token_ms_p50 = token.p50,
          .token_ms_p95 = token.p95,
          .token_ms_p99 = token.p99,
          .bytes_per_token =
              bench::weight_bytes_read(model.bundle().info(), model.model().kernels().layout) +
              session->adapter_bytes_read(),
          .read_bytes_per_second = bench::median(measured.bandwidth_of(0))};
}

}  // namespace

crayon_code crayon_model_bench(crayon_model* model, const crayon_bench_options* options,
                               crayon_bench_result* result, crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(result, "a crayon_bench_result");
    const Filled out(result, "crayon_bench_result");
    const Use use(model);
    out.fill(measure(*use->loaded, with_defaults(read_options(options, "crayon_bench_options"))));
  });
}
