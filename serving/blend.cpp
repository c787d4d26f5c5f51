#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/private_folder.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"
#include "runtime/adapters/sum.h"
#include "serving/endpoints.h"
#include "transport/completion_api.h"

namespace crayon::serving {
namespace {

/// The bytes of an adapter bundle: the sum of the pool's adapters by these weights, without its
/// source's name or anything else of the server.
std::string pack_blend(const adapters::Pool& pool, const formats::Bundle& base,
                       const std::vector<float>& weights) {
  std::vector<adapters::Part> parts;
  for (std::size_t n = 0; n < weights.size(); ++n) {
    if (weights[n] != 0.0f) {
      parts.push_back({&pool.adapters[n], weights[n]});
    }
  }
  if (parts.empty()) {
    throw Error(Code::bad_argument, "\"weights\" are all 0", "weigh one adapter at least");
  }
  const adapters::Sum sum(parts, "blend");
  const PrivateFolder folder;
  const std::filesystem::path path = folder.path() / "blend.crayon";
  formats::pack_adapter(
      sum.head(), sum.size(), [&](std::size_t i, formats::SourceLora& out) { sum.make(i, out); },
      base, path);
  return read_text(path, std::numeric_limits<std::int32_t>::max());
}

/// Throws not_found when there is none.
const adapters::Pool& pool_of(const Service& service) {
  if (!service.pool) {
    throw Error(Code::not_found, "this server has no pool to blend", "start it with --pool");
  }
  return *service.pool;
}

}  // namespace

Work blend(Service& service, std::string_view body) {
  const adapters::Pool& pool = pool_of(service);
  std::vector<float> weights = transport::parse_blend_weights(body);
  if (weights.size() != pool.adapters.size()) {
    throw Error(Code::bad_argument,
                fmt::format("\"weights\" has {} numbers, and the pool has {} adapters",
                            weights.size(), pool.adapters.size()),
                "compute them with this pool's indicators");
  }
  return [&service, weights = std::move(weights)](transport::Responder& responder,
                                                  const std::atomic<bool>&) {
    responder.reply(200, "application/octet-stream",
                    pack_blend(*service.pool, *service.base, weights));
  };
}

Work describe_pool(Service& service, std::string_view) {
  const adapters::Pool& pool = pool_of(service);
  return [&pool](transport::Responder& responder, const std::atomic<bool>&) {
    nlohmann::ordered_json json = {{"tau", pool.tau},
                                   {"embedding", formats::embedding_name(pool.embedding)},
                                   {"adapters", nlohmann::ordered_json::array()},
                                   {"indicators", nlohmann::ordered_json::array()}};
    for (std::size_t n = 0; n < pool.adapters.size(); ++n) {
      json["adapters"].push_back(pool.adapters[n].name);
      json["indicators"].push_back(std::span(pool.indicators).subspan(n * pool.dim(), pool.dim()));
    }
    responder.reply(200, "application/json",
                    json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  };
}

}  // namespace crayon::serving
