#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "runtime/bench/plan.h"

namespace crayon::cli {

/// What `bench` runs side by side with some number of threads: for each kernel set a model and its
/// sessions, one bare and one with adapters where there are any.
class BenchLanes {
 public:
  struct Lane {
    const Engine* engine;
    std::unique_ptr<model::Session> session;
    std::string adapters;             ///< "none", or their names
    std::uint64_t adapter_bytes = 0;  ///< that every step reads
  };

  /// `positions`: tokens of the longest test.
  BenchLanes(std::string path, EngineOptions options, std::uint32_t positions, std::string kv)
      : path_(std::move(path)), options_(std::move(options)), session_{positions, std::move(kv)} {}

  /// Loads the model with those kernels (empty: the best). Throws what Engine does.
  void add(const std::string& kernels);

  const std::vector<Lane>& lanes() const { return lanes_; }
  std::vector<bench::Lane> to_run() const;
  model::KvDtype kv() const;

 private:
  void add_adapted(const Engine& engine);

  std::string path_;
  EngineOptions options_;
  SessionOptions session_;
  std::vector<std::unique_ptr<Engine>> engines_;
  std::vector<Lane> lanes_;
};

}  // namespace crayon::cli
