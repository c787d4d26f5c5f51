#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/adapters/adapter_set.h"
#include "transport/chat_api.h"

namespace crayon::serving {

/// What requests may name as their model: "NAME" runs with what the server was started with,
/// "NAME:ADAPTER" with one adapter alone, a pool's included. Every request gets all adapters in the
/// same order, most of them with weight 0, which costs nothing: so all can share a step of a batch.
class ServedModels {
 public:
  /// `names`: of `own.fixed`. Throws bad_argument when two adapters have the same name.
  ServedModels(std::string model_name, adapters::AdapterSet own, std::vector<std::string> names);

  /// What GET /v1/models lists, the model itself first.
  std::vector<std::string> names() const;
  /// What a reply calls the model of a request, which may have named none.
  std::string called(const std::string& model) const { return model.empty() ? name_ : model; }
  /// The adapters and the weight of each that requests get unless they ask for others; none for
  /// those of a pool, whose weights every question sets.
  std::vector<std::pair<std::string, std::optional<float>>> adapters() const;

  /// What a request runs with: `model` is empty or one of names(), `lora` takes the place of what
  /// the name says. Throws not_found for a name that is none, bad_argument for an adapter that is
  /// none.
  std::shared_ptr<const adapters::AdapterSet> select(
      std::string_view model, const std::optional<std::vector<transport::LoraChoice>>& lora) const;

 private:
  bool has(std::string_view name) const;
  std::shared_ptr<const adapters::AdapterSet> weighted(std::span<const float> weights) const;
  std::optional<std::size_t> find(std::string_view adapter) const;

  std::string name_;
  std::shared_ptr<const adapters::AdapterSet> own_;
  std::vector<std::string> adapter_names_;  // of the pool, then of the others
};

/// The body of GET /v1/models/NAME.
std::string model_json(std::string_view name);
/// The body of GET /v1/models.
std::string models_json(std::span<const std::string> names);

}  // namespace crayon::serving
