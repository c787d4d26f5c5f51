#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "formats/importers/json_object.h"
#include "train/model/config.h"

namespace crayon::train {

/// Where the files of a family keep parameters. Names are without ".weight" or ".bias"; an N
/// stands for the layer.
struct NameRule {
  std::string_view parameter;  ///< in Weights::named(): "model.layers.N.self_attn.q_proj"
  std::string_view stored;     ///< in the file: "transformer.h.N.attn.c_attn"
  int part = 0;                ///< of `parts` that lie one behind the other along the outputs
  int parts = 1;
  bool transposed = false;  ///< the file has [inputs][outputs]
};

/// How Hugging Face folders hold models of a family.
struct FamilyFormat {
  Family family;
  const char* architecture;  ///< "GPT2LMHeadModel"
  const char* model_type;    ///< "gpt2"
  /// What may be missing in front of all names: files of the model without its head.
  std::string_view prefix;
  std::span<const NameRule> rules;  ///< of names that differ from the parameter's
  /// Sizes and switches, but for what all families name alike. Throws as read_config().
  void (*read)(const importers::JsonObject& fields, Config& config);
  void (*write)(const Config& config, nlohmann::json& object);
};

std::span<const FamilyFormat* const> all_families();
const FamilyFormat& format_of(Family family);

extern const FamilyFormat llama_format;
extern const FamilyFormat gpt2_format;
extern const FamilyFormat gpt_neo_format;

/// A parameter's place in a file.
struct StoredName {
  std::string name;
  int part = 0;
  int parts = 1;
  bool transposed = false;
};

/// parameter: "model.layers.3.self_attn.q_proj.weight".
StoredName stored_name(Family family, const std::string& parameter);

/// Throws unsupported, naming the file and the field, with what to do instead.
[[noreturn]] void refuse(const importers::JsonObject& fields, const std::string& what);

/// Throws unsupported unless the MLP's activation is the tanh form of GELU.
void require_gelu_tanh(const importers::JsonObject& fields);

}  // namespace crayon::train
