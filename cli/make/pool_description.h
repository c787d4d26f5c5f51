#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "formats/model_config.h"
#include "formats/packer.h"

namespace crayon::cli {

/// A pool without its adapters: pool.json of a folder that `crayon-train pool` wrote, or what a
/// server tells of its pool (GET /v1/adapters/pool).
struct PoolDescription {
  std::vector<std::string> names;  ///< of the adapters
  formats::PoolIndex index;
};

/// {"tau", "embedding", "adapters": [names], "indicators": [[..]]}. Throws malformed, naming the
/// file, and what formats::Embedding::check() does.
PoolDescription read_pool_description(const std::string& path, const formats::ModelConfig& config);

/// A JSON file. Throws malformed when it is none.
nlohmann::json read_json(const std::string& path);

/// Indicators from an array of arrays, [adapters][dim], each scaled to length 1. `where` names it.
std::vector<float> to_indicators(const nlohmann::json& rows, std::size_t adapters, std::size_t dim,
                                 const std::string& where);

}  // namespace crayon::cli
