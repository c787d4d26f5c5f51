#include "cli/bench_lanes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

namespace crayon::cli {
namespace {

std::string names_of(const std::vector<std::string>& adapters) {
  std::vector<std::string> names;
  for (const std::string& argument : adapters) {
    names.push_back(std::filesystem::path(parse_lora(argument).path).stem().string());
  }
  return fmt::format("{}", fmt::join(names, "+"));
}

}  // namespace

void BenchLanes::add(const std::string& kernels) {
  EngineOptions options = options_;
  options.kernels = kernels;
  engines_.push_back(std::make_unique<Engine>(path_, options));
  const Engine& engine = *engines_.back();
  lanes_.push_back({&engine, engine.bare_session(session_), "none"});
  if (!options_.loras.empty()) {
    add_adapted(engine);
  }
}

void BenchLanes::add_adapted(const Engine& engine) {
  // A pool is blended for the tokens that the tests run.
  const std::vector<formats::Token> query =
      bench::random_tokens(session_.context, engine.model().config().vocab_size);
  adapters::Query asked(engine.model(), query);
  const adapters::Selection selection = engine.adapters().select(asked);
  Lane lane{&engine, engine.bare_session(session_), names_of(options_.loras)};
  lane.session->attach(selection.adapters);
  for (const model::WeightedAdapter& part : selection.adapters) {
    lane.adapter_bytes += part.weight != 0 ? part.adapter->bytes() : 0;
  }
  lanes_.push_back(std::move(lane));
}

std::vector<bench::Lane> BenchLanes::to_run() const {
  std::vector<bench::Lane> lanes;
  for (const Lane& lane : lanes_) {
    lanes.push_back({&lane.engine->model(), lane.session.get(), &lane.engine->thread_pool()});
  }
  return lanes;
}

model::KvDtype BenchLanes::kv() const {
  return kv_of(session_.kv, engines_.front()->model().default_kv());
}

}  // namespace crayon::cli
