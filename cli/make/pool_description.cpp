#include "cli/make/pool_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/error.h"
#include "base/file.h"
#include "runtime/adapters/adapters.h"

namespace crayon::cli {
namespace {

constexpr std::uint64_t json_limit = std::uint64_t{64} << 20;  // bytes of a JSON file

}  // namespace

PoolDescription read_pool_description(const std::string& path, const formats::ModelConfig& config) {
  const nlohmann::json pool = read_json(path);
  try {
    PoolDescription description;
    formats::PoolIndex& index = description.index;
    index.tau = pool.at("tau").get<float>();
    index.embedding = formats::parse_embedding(pool.at("embedding").get<std::string>());
    index.embedding.check(config);
    description.names = pool.at("adapters").get<std::vector<std::string>>();
    index.indicators = to_indicators(pool.at("indicators"), description.names.size(),
                                     index.embedding.dim(config), path);
    return description;
  } catch (const nlohmann::json::exception& error) {
    throw Error(Code::malformed, fmt::format("{}: {}", path, error.what()),
                "write {\"tau\", \"embedding\", \"adapters\": [names], \"indicators\": [[..]]}");
  }
}

std::vector<float> to_indicators(const nlohmann::json& rows, std::size_t adapters, std::size_t dim,
                                 const std::string& where) {
  if (!rows.is_array() || rows.size() != adapters) {
    throw Error(Code::malformed,
                fmt::format("{}: not an array of {} indicators, one an adapter", where, adapters));
  }
  std::vector<float> indicators;
  for (const auto& row : rows) {
    std::vector<float> values;
    for (std::size_t i = 0; row.is_array() && i < row.size(); ++i) {
      values.push_back(row[i].is_number() ? row[i].get<float>() : NAN);
    }
    if (values.size() != dim || !std::ranges::all_of(values, [](float v) { return v == v; })) {
      throw Error(Code::malformed, fmt::format("{}, indicator {}: not an array of {} numbers",
                                               where, indicators.size() / dim, dim));
    }
    const std::vector<float> indicator = adapters::centre_of(values, dim);
    indicators.insert(indicators.end(), indicator.begin(), indicator.end());
  }
  return indicators;
}

nlohmann::json read_json(const std::string& path) {
  auto value = nlohmann::json::parse(read_text(path, json_limit), nullptr, false);
  if (value.is_discarded()) {
    throw Error(Code::malformed, fmt::format("{}: not JSON", path));
  }
  return value;
}

}  // namespace crayon::cli
