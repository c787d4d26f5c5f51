#include "train/model/lora.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
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

void write_text(const std::filesystem::path& path, const std::string& text) {
  AtomicFile out(path);
  out.write(as_bytes(text));
  out.commit();
}

/// The rank and alpha that an adapter_config.json gives.
std::pair<std::int64_t, double> read_peft_config(const std::filesystem::path& path) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 20;
  const json config = json::parse(read_text(path, limit), nullptr, false);
  const bool plain = config.is_object() && config.value("peft_type", "") == "LORA" &&
                     config.contains("r") && config["r"].is_number_integer() &&
                     config.contains("lora_alpha") && config["lora_alpha"].is_number() &&
                     !config.value("use_dora", false) && !config.value("use_rslora", false) &&
                     !config.value("fan_in_fan_out", false);
  if (!plain) {
    throw Error(Code::unsupported_adapter,
                path.string() + " is not the configuration of a plain LoRA");
  }
  return {config["r"].get<std::int64_t>(), config["lora_alpha"].get<double>()};
}

}  // namespace

LoraPool LoraPool::random(const Config& config, std::int64_t size, std::int64_t rank, double alpha,
                          std::uint64_t seed) {
  LoraPool pool;
  pool.size = size;
  pool.rank = rank;
  pool.alpha = alpha;
  auto generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
  const Weights shapes = Weights::random(config, 0);
  for (const Layer& layer : shapes.layers) {
    auto& pairs = pool.layers.emplace_back();
    for (const Projection which : all_projections) {
      const torch::Tensor& weight = layer.at(which);
      const double bound = 1.0 / std::sqrt(static_cast<double>(weight.size(1)));
      LowRankPair& pair = pairs[static_cast<std::size_t>(which)];
      pair.a = torch::empty({size * rank, weight.size(1)}).uniform_(-bound, bound, generator);
      pair.b = torch::zeros({weight.size(0), size * rank});
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

LoraPool load_peft(const std::vector<std::filesystem::path>& folders, const Config& config) {
  if (folders.empty()) {
    throw Error(Code::bad_argument, "no adapter is named");
  }
  const auto [rank, alpha] = read_peft_config(folders.front() / "adapter_config.json");
  LoraPool pool =
      LoraPool::random(config, static_cast<std::int64_t>(folders.size()), rank, alpha, 0);
  for (std::size_t n = 0; n < folders.size(); ++n) {
    if (read_peft_config(folders[n] / "adapter_config.json") != std::pair(rank, alpha)) {
      throw Error(Code::unsupported_adapter,
                  fmt::format("{} has another rank or alpha than {}", folders[n].string(),
                              folders.front().string()));
    }
    const TensorFile file = read_tensors(folders[n] / "adapter_model.safetensors");
    const std::int64_t begin = static_cast<std::int64_t>(n) * rank;
    for (std::size_t i = 0; i < pool.layers.size(); ++i) {
      for (const Projection which : all_projections) {
        const auto fill = [&](const char* factor, torch::Tensor part) {
          const auto found = file.tensors.find(peft_name(i, which, factor));
          if (found == file.tensors.end() || found->second.sizes() != part.sizes()) {
            throw Error(Code::missing_tensor,
                        fmt::format("{} lacks {} in the base's shape", folders[n].string(),
                                    peft_name(i, which, factor)));
          }
          part.copy_(found->second);
        };
        const LowRankPair& pair = pool.at(i, which);
        fill("lora_A", pair.a.narrow(0, begin, rank));
        fill("lora_B", pair.b.narrow(1, begin, rank));
      }
    }
  }
  return pool;
}

}  // namespace crayon::train
