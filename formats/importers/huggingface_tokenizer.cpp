#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "formats/importers/huggingface.h"
#include "formats/importers/named_check.h"
#include "formats/importers/special_tokens.h"
#include "formats/importers/tokenizer_json.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using std::filesystem::path;

constexpr std::uint64_t largest_tokenizer = 128 << 20;
constexpr std::uint64_t largest_config = 16 << 20;

// A file beside tokenizer.json that may be absent: then it is an empty object.
class SideFile {
 public:
  explicit SideFile(const path& file)
      : json_(std::filesystem::exists(file) ? read_json(file, largest_config) : Json::object()),
        object_(json_, file.string()) {}
  SideFile(const SideFile&) = delete;
  SideFile& operator=(const SideFile&) = delete;
  const JsonObject& operator*() const { return object_; }
  const JsonObject* operator->() const { return &object_; }

 private:
  Json json_;
  JsonObject object_;
};

std::optional<Token> find_piece(const TokenizerData& data, const std::string& piece) {
  const auto found = std::ranges::find(data.pieces, piece);
  return found == data.pieces.end()
             ? std::nullopt
             : std::optional(static_cast<Token>(found - data.pieces.begin()));
}

// A special token is given by its text, or as an object with its text in "content".
std::optional<Token> named_token(const JsonObject& config, const char* field,
                                 const TokenizerData& data) {
  const Json* value = config.find(field);
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::string piece = value->is_object()
                                ? JsonObject(*value, config.where()).required_text("content")
                                : *config.text(field);
  const auto token = find_piece(data, piece);
  if (!token) {
    throw Error(Code::bad_tokenizer,
                fmt::format("{}: {} is {}, which is no token", config.where(), field, piece));
  }
  return token;
}

// Ids are given as a number or a list of numbers.
std::vector<Token> numbered_tokens(const JsonObject& config, const char* field,
                                   const TokenizerData& data) {
  const Json* value = config.find(field);
  if (value == nullptr) {
    return {};
  }
  const Json list = value->is_array() ? *value : Json::array({*value});
  std::vector<Token> tokens;
  for (const Json& item : list) {
    const auto* id = item.get_ptr<const Json::number_unsigned_t*>();
    if (id == nullptr || *id >= data.pieces.size()) {
      config.fail_type(field, "the id of a token");
    }
    tokens.push_back(static_cast<Token>(*id));
  }
  return tokens;
}

// One template, or a list of named ones, of which "default" is for chat; newer folders have it
// in a file of its own.
std::string chat_template(const JsonObject& config, const path& folder) {
  const path file = folder / "chat_template.jinja";
  if (std::filesystem::exists(file)) {
    return read_text(file, largest_config);
  }
  const Json* value = config.find("chat_template");
  if (value == nullptr || !value->is_array()) {
    return config.text("chat_template").value_or("");
  }
  for (const Json& item : *value) {
    const JsonObject named(item, config.where() + ": chat_template");
    if (named.text("name") == "default") {
      return named.text("template").value_or("");
    }
  }
  return "";
}

}  // namespace

void read_side_files(TokenizerData& data, const path& folder) {
  const SideFile config(folder / "tokenizer_config.json");
  const SideFile map(folder / "special_tokens_map.json");
  const SideFile generation(folder / "generation_config.json");
  const SideFile model(folder / "config.json");
  const auto choose = [&](const char* name, const char* number) {
    for (const SideFile* file : {&config, &map}) {
      if (const auto token = named_token(**file, name, data)) {
        return token;
      }
    }
    for (const SideFile* file : {&generation, &model}) {
      if (const auto tokens = numbered_tokens(**file, number, data); !tokens.empty()) {
        return std::optional(tokens.front());
      }
    }
    return std::optional<Token>();
  };
  // The post-processor's tokens are what the model saw; other files only add to it.
  if (!data.bos) {
    data.bos = choose("bos_token", "bos_token_id");
  }
  if (const auto eos = choose("eos_token", "eos_token_id")) {
    data.eos = eos;
  }
  data.add_bos = config->boolean("add_bos_token").value_or(data.add_bos) && data.bos.has_value();
  data.add_eos = config->boolean("add_eos_token").value_or(data.add_eos) && data.eos.has_value();
  for (const SideFile* file : {&generation, &model}) {
    for (const Token token : numbered_tokens(**file, "eos_token_id", data)) {
      data.end_of_generation.push_back(token);
    }
  }
  set_chat_template(data, chat_template(*config, folder));
  std::ranges::sort(data.end_of_generation);
  data.end_of_generation.erase(
      std::unique(data.end_of_generation.begin(), data.end_of_generation.end()),
      data.end_of_generation.end());
  complete_end_of_generation(data);
}

TokenizerData read_huggingface_tokenizer(const path& tokenizer_json) {
  const Json json = read_json(tokenizer_json, largest_tokenizer);
  TokenizerData data = read_tokenizer_json(JsonObject(json, tokenizer_json.string()));
  read_side_files(data, tokenizer_json.parent_path());
  check_tokenizer(data, tokenizer_json.string());
  return data;
}

}  // namespace crayon::importers
