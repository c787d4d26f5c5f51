#include "cli/bench/lanes.h"

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
  add_bare(engine, "none");
  if (!options_.loras.empty()) {
    attach(add_bare(engine, names_of(options_.loras)));
  }
}

BenchLanes::Lane& BenchLanes::add_bare(const Engine& engine, std::string adapters) {
  Lane& lane = lanes_.emplace_back(Lane{&engine, std::move(adapters), {}});
  for (std::uint32_t n = 0; n < sequences_; ++n) {
    lane.sessions.push_back(engine.bare_session(session_));
  }
  return lane;
}

void BenchLanes::attach(Lane& lane) {
  const model::Model& model = lane.engine->model();
  const std::vector<formats::Token> tokens =
      bench::random_tokens(session_.context + sequences_, model.config().vocab_size);
  for (std::size_t n = 0; n < lane.sessions.size(); ++n) {
    const auto part = std::span(tokens).subspan(n, session_.context);
    adapters::Query query(model, {part.begin(), part.end()});
    lane.sessions[n]->attach(lane.engine->adapters().select(query).adapters);
  }
  lane.adapter_bytes = lane.sessions.front()->adapter_bytes();
}

std::vector<bench::Lane> BenchLanes::to_run() const {
  std::vector<bench::Lane> lanes;
  for (const Lane& lane : lanes_) {
    std::vector<model::Session*> sessions;
    for (const auto& session : lane.sessions) {
      sessions.push_back(session.get());
    }
    lanes.push_back({&lane.engine->model(), std::move(sessions), &lane.engine->thread_pool()});
  }
  return lanes;
}

model::KvDtype BenchLanes::kv() const {
  return kv_of(session_.kv, engines_.front()->model().default_kv());
}

}  // namespace crayon::cli
