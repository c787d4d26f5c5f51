#include "transport/text_options.h"

#include <utility>

#include "base/error.h"

namespace crayon::transport {
namespace {

constexpr std::size_t max_stops = 16;
constexpr std::size_t max_stop_bytes = 1024;
constexpr std::size_t max_loras = 256;
constexpr std::uint64_t max_top_k = 1'000'000;

std::string parse_one_stop(const Json& stop) {
  const std::string* text = stop.get_ptr<const std::string*>();
  if (text == nullptr || text->empty() || text->size() > max_stop_bytes) {
    refuse("stop", "must be a string of 1 to " + std::to_string(max_stop_bytes) +
                       " bytes, or a list of such");
  }
  return *text;
}

std::vector<std::string> parse_stop(const Json& request) {
  const Json* stop = find(request, "stop");
  if (stop == nullptr) {
    return {};
  }
  if (!stop->is_array()) {
    return {parse_one_stop(*stop)};
  }
  if (stop->size() > max_stops) {
    refuse("stop", "may list " + std::to_string(max_stops) + " strings at most");
  }
  std::vector<std::string> parsed;
  for (const Json& one : *stop) {
    parsed.push_back(parse_one_stop(one));
  }
  return parsed;
}

/// Any 64-bit integer: some clients send -1 for "any", and it is as good a seed as another.
std::uint64_t parse_seed(const Json& request) {
  const Json* seed = find(request, "seed");
  if (seed == nullptr) {
    return 0;
  }
  if (!seed->is_number_integer()) {
    refuse("seed", "must be an integer of 64 bits");
  }
  return seed->is_number_unsigned() ? seed->get<std::uint64_t>()
                                    : static_cast<std::uint64_t>(seed->get<std::int64_t>());
}

LoraChoice parse_lora(const Json& choice, const std::string& where) {
  if (!choice.is_object()) {
    refuse(where, "must be an object");
  }
  const Json* id = find(choice, "id");
  if (id == nullptr || !(id->is_string() || id->is_number_unsigned())) {
    refuse(where + ".id", "must be an adapter's name or its number, from 0");
  }
  LoraChoice parsed;
  parsed.id = id->is_string() ? id->get<std::string>() : std::to_string(id->get<std::uint64_t>());
  parsed.scale = number_or(choice, "scale", {-100, 100}, 1);
  return parsed;
}

std::optional<std::vector<LoraChoice>> parse_loras(const Json& request) {
  const Json* lora = find(request, "lora");
  if (lora == nullptr) {
    return std::nullopt;
  }
  if (!lora->is_array() || lora->size() > max_loras) {
    refuse("lora",
           "must be a list of {\"id\", \"scale\"}, " + std::to_string(max_loras) + " at most");
  }
  std::vector<LoraChoice> parsed;
  for (std::size_t i = 0; i < lora->size(); ++i) {
    parsed.push_back(parse_lora((*lora)[i], "lora[" + std::to_string(i) + "]"));
  }
  return parsed;
}

bool parse_include_usage(const Json& request) {
  const Json* options = find(request, "stream_options");
  if (options == nullptr) {
    return false;
  }
  if (!options->is_object()) {
    refuse("stream_options", "must be an object");
  }
  return bool_or(*options, "include_usage", false);
}

void add_rate(Json& timings, const char* name, std::uint32_t tokens, double milliseconds) {
  if (milliseconds > 0) {
    timings[name] = tokens * 1000.0 / milliseconds;
  }
}

}  // namespace

void refuse(const std::string& where, const std::string& why) {
  throw Error(Code::bad_argument, "\"" + where + "\" " + why);
}

void parse_text_options(const Json& request, TextOptions& options, std::uint64_t least_tokens) {
  options.model = string_or(request, "model", "");
  options.stream = bool_or(request, "stream", options.stream);
  options.include_usage = parse_include_usage(request);
  options.max_tokens = static_cast<std::uint32_t>(
      integer_or(request, "max_tokens", least_tokens, max_token_count, options.max_tokens));
  options.temperature = number_or(request, "temperature", {0, 2}, options.temperature);
  options.top_p = number_or(request, "top_p", {0, 1, true}, options.top_p);
  options.top_k =
      static_cast<std::uint32_t>(integer_or(request, "top_k", 0, max_top_k, options.top_k));
  options.min_p = number_or(request, "min_p", {0, 1}, options.min_p);
  options.repetition_penalty =
      number_or(request, "repetition_penalty", {0, 10, true}, options.repetition_penalty);
  options.seed = parse_seed(request);
  options.stop = parse_stop(request);
  options.lora = parse_loras(request);
  integer_or(request, "n", 1, 1, 1);  // one answer a request: another number must not pass unseen
}

void add_text_options(const TextOptions& options, Json& request) {
  const TextOptions defaults;
  request["stream"] = options.stream;
  request["max_tokens"] = options.max_tokens;
  request["temperature"] = options.temperature;
  request["top_p"] = options.top_p;
  // Not every server knows these, and some refuse what they do not know.
  if (options.include_usage) {
    request["stream_options"] = {{"include_usage", true}};
  }
  if (options.top_k != defaults.top_k) {
    request["top_k"] = options.top_k;
  }
  if (options.min_p != defaults.min_p) {
    request["min_p"] = options.min_p;
  }
  if (options.repetition_penalty != defaults.repetition_penalty) {
    request["repetition_penalty"] = options.repetition_penalty;
  }
  if (options.seed != defaults.seed) {
    request["seed"] = options.seed;
  }
  if (!options.stop.empty()) {
    request["stop"] = options.stop;
  }
  if (options.lora) {
    Json& list = request["lora"] = Json::array();
    for (const LoraChoice& choice : *options.lora) {
      list.push_back({{"id", choice.id}, {"scale", choice.scale}});
    }
  }
}

Json usage_json(const ChatUsage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", std::uint64_t{usage.prompt_tokens} + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

Json timings_json(const ChatUsage& usage, double prompt_ms, double predicted_ms) {
  const std::uint32_t computed = usage.prompt_tokens - usage.cached_tokens;
  Json timings = {
      {"cache_n", usage.cached_tokens}, {"prompt_n", computed}, {"prompt_ms", prompt_ms}};
  add_rate(timings, "prompt_per_second", computed, prompt_ms);
  timings["predicted_n"] = usage.completion_tokens;
  timings["predicted_ms"] = predicted_ms;
  add_rate(timings, "predicted_per_second", usage.completion_tokens, predicted_ms);
  return timings;
}

Json token_json(const TokenText& token) {
  Json bytes = Json::array();
  for (const char byte : token.bytes) {
    bytes.push_back(static_cast<unsigned char>(byte));
  }
  return {{"token", token.bytes}, {"logprob", token.log_probability}, {"bytes", bytes}};
}

}  // namespace crayon::transport
