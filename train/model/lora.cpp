#include "train/model/lora.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "train/model/tensor_file.h"

namespace crayon::train {
namespace {

using nlohmann::json;

std::string peft_name(std::size_t layer, Projection which, const char* factor) {
  return fmt::format("base_model.model.model.layers.{}.{}.{}.weight", layer, projection_name(which),
                     factor);
}

/// What follows the last point: "q_proj".
std::string short_name(Projection which) {
  const std::string name = projection_name(which);
  return name.substr(name.find('.') + 1);
}

}  // namespace

LoraPool LoraPool::random(const Config& config, std::int64_t size, std::int64_t rank, double alpha,
                          std::uint64_t seed) {
  LoraPool pool;
  pool.size = size;
  pool.rank = rank;
  pool.alpha = alpha;
  auto generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  pool.layers.resize(static_cast<std::size_t>(config.layers));
  for (auto& pairs : pool.layers) {
    for (const Projection which : all_projections) {
      const auto [outputs, inputs] = size_of(config, which);
      const double bound = 1.0 / std::sqrt(static_cast<double>(inputs));
      LowRankPair& pair = pairs[static_cast<std::size_t>(which)];
      pair.a = torch::empty({size * rank, inputs}).uniform_(-bound, bound, generator);
      pair.b = torch::zeros({outputs, size * rank});
    }
  }
  return pool;
}

std::vector<std::pair<std::string, torch::Tensor*>> LoraPool::named() {
  std::vector<std::pair<std::string, torch::Tensor*>> all;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const Projection which : all_projections) {
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
  const std::int64_t begin = index * pool.rank;
  json targets = json::array();
  for (const Projection which : all_projections) {
    targets.push_back(short_name(which));
    for (std::size_t i = 0; i < pool.layers.size(); ++i) {
      const LowRankPair& pair = pool.at(i, which);
      file.tensors[peft_name(i, which, "lora_A")] = pair.a.narrow(0, begin, pool.rank);
      file.tensors[peft_name(i, which, "lora_B")] = pair.b.narrow(1, begin, pool.rank);
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
                       {"fan_in_fan_out", false},
                       {"inference_mode", true},
                       {"target_modules", targets}};
  write_text(folder / "adapter_config.json", config.dump(2) + "\n");
}

}  // namespace crayon::train
