#include "train/model/lora.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "train/model/families/families.h"
#include "train/model/tensor_file.h"

namespace crayon::train {
namespace {

using nlohmann::json;

/// What follows the last point: "q_proj".
std::string last_part(const std::string& name) {
  return name.substr(name.rfind('.') + 1);
}

/// An adapter's factors of one tensor of the base's files.
struct StoredPair {
  std::vector<torch::Tensor> a;  ///< each [rank][inputs]
  std::vector<torch::Tensor> b;  ///< each [outputs of a part][rank]
};

/// Of one adapter, by the module in the base's files: "transformer.h.0.attn.c_attn".
std::map<std::string, StoredPair> stored_pairs(const LoraPool& pool, std::int64_t index) {
  std::map<std::string, StoredPair> all;
  const std::int64_t begin = index * pool.rank;
  for (std::size_t i = 0; i < pool.layers.size(); ++i) {
    for (const Projection which : pool.config.projections()) {
      const std::string parameter =
          fmt::format("model.layers.{}.{}.weight", i, projection_name(which));
      const std::string stored = stored_name(pool.config.family, parameter).name;
      StoredPair& pair = all[stored.substr(0, stored.rfind('.'))];
      pair.a.push_back(pool.at(i, which).a.narrow(0, begin, pool.rank));
      pair.b.push_back(pool.at(i, which).b.narrow(1, begin, pool.rank));
    }
  }
  return all;
}

}  // namespace

LoraPool LoraPool::random(const Config& config, std::int64_t size, std::int64_t rank, double alpha,
                          std::uint64_t seed) {
  LoraPool pool;
  pool.config = config;
  pool.size = size;
  pool.rank = rank;
  pool.alpha = alpha;
  auto generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  pool.layers.resize(static_cast<std::size_t>(config.layers));
  for (auto& pairs : pool.layers) {
    for (const Projection which : config.projections()) {
      const auto [outputs, inputs] = size_of(config, which);
      const double bound = 1.0 / std::sqrt(static_cast<double>(inputs));
      LowRankPair& pair = pairs[static_cast<std::size_t>(which)];
      pair.a = torch::empty({size * rank, inputs}).uniform_(-bound, bound, generator);
      pair.b = torch::zeros({outputs, size * rank});
    }
  }
  return pool;
}

NamedParameters LoraPool::named() {
  NamedParameters all;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const Projection which : config.projections()) {
      LowRankPair& pair = layers[i][static_cast<std::size_t>(which)];
      const std::string prefix = fmt::format("layers.{}.{}.", i, projection_name(which));
      all.emplace_back(prefix + "lora_A", &pair.a);
      all.emplace_back(prefix + "lora_B", &pair.b);
    }
  }
  return all;
}

void LoraPool::to(torch::Device device) {
  for (const auto& [name, parameter] : named()) {
    *parameter = parameter->to(device);
  }
}

void LoraPool::require_grad(bool wanted) {
  for (const auto& [name, parameter] : named()) {
    parameter->requires_grad_(wanted);
  }
}

void save_peft(const LoraPool& pool, std::int64_t index, const std::filesystem::path& folder,
               const std::string& base_name) {
  std::filesystem::create_directories(folder);
  TensorFile file;
  file.metadata["format"] = "pt";
  std::set<std::string> targets;
  json ranks = json::object();
  json alphas = json::object();
  for (const auto& [module, pair] : stored_pairs(pool, index)) {
    const std::string name = "base_model.model." + module;
    const auto parts = static_cast<std::int64_t>(pair.a.size());
    file.tensors[name + ".lora_A.weight"] = torch::cat(pair.a, 0);
    file.tensors[name + ".lora_B.weight"] = torch::block_diag(pair.b);
    targets.insert(last_part(module));
    if (parts > 1) {  // the product counts alpha / rank times, as the others
      ranks[last_part(module)] = parts * pool.rank;
      alphas[last_part(module)] = static_cast<double>(parts) * pool.alpha;
    }
  }
  write_tensors(file, folder / "adapter_model.safetensors");
  const json config = {{"peft_type", "LORA"},
                       {"task_type", "CAUSAL_LM"},
                       {"base_model_name_or_path", base_name},
                       {"r", pool.rank},
                       {"lora_alpha", pool.alpha},
                       {"lora_dropout", 0.0},
                       {"bias", "none"},
                       {"fan_in_fan_out", pool.config.family == Family::gpt2},
                       {"rank_pattern", ranks},
                       {"alpha_pattern", alphas},
                       {"inference_mode", true},
                       {"target_modules", targets}};
  write_text(folder / "adapter_config.json", config.dump(2) + "\n");
}

}  // namespace crayon::train
