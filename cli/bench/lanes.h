#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "runtime/bench/plan.h"

namespace crayon::cli {

/// What `bench` runs side by side with some number of threads: for each kernel set a model and its
/// sessions, bare ones and such with adapters where there are any.
class BenchLanes {
 public:
  struct Lane {
    const Engine* engine;
    std::string adapters;                                   ///< "none", or their names
    std::vector<std::unique_ptr<model::Session>> sessions;  ///< [sequences]
    std::uint64_t adapter_bytes = 0;                        ///< in memory

    /// Bytes of adapters that every step reads.
    std::uint64_t adapter_traffic() const { return sessions.front()->adapter_bytes_read(); }
  };

  /// `positions`: tokens of the longest test; `sequences`: the most that run together.
  BenchLanes(std::string path, EngineOptions options, std::uint32_t positions,
             std::uint32_t sequences, std::string kv)
      : path_(std::move(path)),
        options_(std::move(options)),
        sequences_(sequences),
        session_{positions, std::move(kv)} {}

  /// Loads the model with those kernels (empty: the best). Throws what Engine does.
  void add(const std::string& kernels);

  const std::vector<Lane>& lanes() const { return lanes_; }
  std::vector<bench::Lane> to_run() const;
  model::KvDtype kv() const;

 private:
  Lane& add_bare(const Engine& engine, std::string adapters);
  /// Attaches the adapters; a pool is blended for other tokens in each session.
  void attach(Lane& lane);

  std::string path_;
  EngineOptions options_;
  std::uint32_t sequences_;
  SessionOptions session_;
  std::vector<std::unique_ptr<Engine>> engines_;
  std::vector<Lane> lanes_;
};

}  // namespace crayon::cli
