#include "serving/served_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace crayon::serving {
namespace {

using Json = nlohmann::ordered_json;

Json entry(std::string_view name) {
  return {{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "crayon"}};
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

ServedModels::ServedModels(std::string model_name, adapters::AdapterSet own,
                           std::vector<std::string> names)
    : name_(std::move(model_name)),
      own_(std::make_shared<const adapters::AdapterSet>(std::move(own))) {
  if (own_->pool) {
    adapter_names_ = own_->pool->names();
  }
  adapter_names_.insert(adapter_names_.end(), names.begin(), names.end());
  auto sorted = adapter_names_;
  std::ranges::sort(sorted);
  if (const auto twin = std::ranges::adjacent_find(sorted); twin != sorted.end()) {
    throw Error(Code::bad_argument, fmt::format("two adapters have the name {}", *twin),
                "rename one of the files: requests choose adapters by name");
  }
}

std::vector<std::string> ServedModels::names() const {
  std::vector<std::string> all{name_};
  for (const std::string& adapter : adapter_names_) {
    all.push_back(fmt::format("{}:{}", name_, adapter));
  }
  return all;
}

bool ServedModels::has(std::string_view name) const {
  return std::ranges::count(names(), name) > 0;
}

std::vector<std::pair<std::string, std::optional<float>>> ServedModels::adapters() const {
  std::vector<std::pair<std::string, std::optional<float>>> all;
  const std::size_t pooled = adapter_names_.size() - own_->fixed.size();
  for (std::size_t i = 0; i < adapter_names_.size(); ++i) {
    all.emplace_back(adapter_names_[i], std::nullopt);
    if (i >= pooled) {
      all.back().second = own_->fixed[i - pooled].weight;
    }
  }
  return all;
}

std::shared_ptr<const adapters::AdapterSet> ServedModels::select(
    std::string_view model, const std::optional<std::vector<transport::LoraChoice>>& lora) const {
  if (!model.empty() && !has(model)) {
    throw Error(Code::not_found, fmt::format("there is no model {}", model),
                fmt::format("name one of these: {}", fmt::join(names(), ", ")));
  }
  std::vector<float> weights(adapter_names_.size());
  if (lora) {
    for (const transport::LoraChoice& choice : *lora) {
      const std::optional<std::size_t> index = find(choice.id);
      if (!index) {
        throw Error(Code::bad_argument,
                    fmt::format("\"lora\" names an adapter {}, which is not here", choice.id),
                    adapter_names_.empty()
                        ? "start the server with --adapter"
                        : fmt::format("name one of these: {}", fmt::join(adapter_names_, ", ")));
      }
      weights[*index] = static_cast<float>(choice.scale);
    }
    return weighted(weights);
  }
  if (model.empty() || model == name_) {
    return own_;
  }
  weights[*find(model.substr(name_.size() + 1))] = 1.0f;
  return weighted(weights);
}

std::shared_ptr<const adapters::AdapterSet> ServedModels::weighted(
    std::span<const float> weights) const {
  auto set = std::make_shared<adapters::AdapterSet>();
  const std::size_t pooled = adapter_names_.size() - own_->fixed.size();
  if (own_->pool) {
    set->fixed = own_->pool->weighted(weights.first(pooled));
  }
  for (std::size_t i = 0; i < own_->fixed.size(); ++i) {
    set->fixed.push_back({own_->fixed[i].adapter, weights[pooled + i]});
  }
  return set;
}

/// By its name, or by its number in their order.
std::optional<std::size_t> ServedModels::find(std::string_view adapter) const {
  const auto named = std::ranges::find(adapter_names_, adapter);
  if (named != adapter_names_.end()) {
    return static_cast<std::size_t>(named - adapter_names_.begin());
  }
  std::size_t number = 0;
  const auto [end, error] =
      std::from_chars(adapter.data(), adapter.data() + adapter.size(), number);
  const bool is_number = error == std::errc() && end == adapter.data() + adapter.size();
  return is_number && number < adapter_names_.size() ? std::optional(number) : std::nullopt;
}

std::string model_json(std::string_view name) {
  return to_text(entry(name));
}

std::string models_json(std::span<const std::string> names) {
  Json data = Json::array();
  for (const std::string& name : names) {
    data.push_back(entry(name));
  }
  return to_text({{"object", "list"}, {"data", std::move(data)}});
}

}  // namespace crayon::serving
