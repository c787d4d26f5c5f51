#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "formats/bundle.h"
#include "runtime/generation/generator.h"
#include "runtime/hybrid/assistant.h"
#include "serving/metrics.h"
#include "serving/served_models.h"

namespace crayon::serving {

/// What every endpoint works with. Used from several threads.
struct Service {
  std::shared_ptr<generation::Generator> generator;
  const hybrid::Assistant& assistant;
  ServedModels models;
  hybrid::AskOptions ask;                           ///< route, threshold and deadline of every chat
  std::uint32_t max_tokens = 4096;                  ///< the most that a request may ask for
  const formats::Bundle* base = nullptr;            ///< with `pool`: what its adapters belong to
  std::shared_ptr<const adapters::Pool> pool = {};  ///< what POST /v1/adapters/blend blends
  Metrics metrics = {};
  /// Part of every reply's id, so that ids of two runs of a server differ.
  std::int64_t epoch = std::chrono::system_clock::now().time_since_epoch().count();
  std::atomic<std::uint64_t> answered = 0;

  /// "chatcmpl-...": a new one each time.
  std::string next_id(const char* prefix);
};

/// Seconds since 1970.
std::int64_t unix_seconds();

}  // namespace crayon::serving
