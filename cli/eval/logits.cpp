#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace crayon::cli {
namespace {

constexpr std::uint64_t ids_limit = std::uint64_t{16} << 20;  // bytes of the JSON file
constexpr std::size_t chunk_tokens = 32;  // bounds the logits held: 32 x vocabulary floats

struct Options {
  std::string model;
  std::string ids;
  std::string raw;
  std::uint32_t top = 5;
  EngineOptions engine;
  SessionOptions session;
};

/// Ids from JSON: an array of numbers, or the object that `tokenize --json` prints.
std::vector<formats::Token> read_ids(const std::string& path) {
  auto content = nlohmann::json::parse(read_text(path, ids_limit), nullptr, false);
  if (content.is_object() && content.contains("ids")) {
    content = nlohmann::json(content["ids"]);
  }
  if (!content.is_array() || content.empty()) {
    throw Error(Code::malformed, path + ": not a JSON array of token ids",
                "write [1, 2, 3], or what `crayon tokenize --json` prints");
  }
  std::vector<formats::Token> ids;
  for (const auto& value : content) {
    const bool in_range = value.is_number_unsigned() && value.get<std::uint64_t>() <= INT32_MAX;
    if (!in_range) {
      throw Error(Code::malformed,
                  fmt::format("{}: element {} is not a token id", path, ids.size()));
    }
    ids.push_back(value.get<formats::Token>());
  }
  return ids;
}

/// The ids of the `count` largest logits, best first; the lower id first among equals.
std::vector<formats::Token> best(std::span<const float> logits, std::size_t count) {
  std::vector<formats::Token> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  count = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](formats::Token left, formats::Token right) {
                      const float a = logits[static_cast<std::size_t>(left)];
                      const float b = logits[static_cast<std::size_t>(right)];
                      return a != b ? a > b : left < right;
                    });
  order.resize(count);
  return order;
}

/// What is done with each position's logits [vocabulary]: to the file, and the best ones shown.
class Sink {
 public:
  Sink(const Options& options, bool json) : options_(options), json_(json) {
    if (!options.raw.empty()) {
      raw_.emplace(options.raw);
    }
  }

  void take(formats::Token id, std::span<const float> logits) {
    if (raw_) {
      raw_->write(as_bytes(logits));
    }
    if (!json_ && raw_) {
      return;
    }
    Json row = Json::array();
    std::string line = fmt::format("{}:", id);
    for (const formats::Token token : best(logits, options_.top)) {
      const float value = logits[static_cast<std::size_t>(token)];
      row.push_back({token, value});
      line += fmt::format("  {} {:.4f}", token, value);
    }
    if (json_) {
      top_.push_back(std::move(row));
    } else {
      print(line + "\n");
    }
  }

  void finish(std::span<const formats::Token> ids) {
    if (raw_) {
      raw_->commit();
    }
    if (json_) {
      print_json({{"ids", std::vector<formats::Token>(ids.begin(), ids.end())}, {"top", top_}});
    }
  }

 private:
  const Options& options_;
  bool json_;
  std::optional<AtomicFile> raw_;
  Json top_ = Json::array();
};

Exit logits(const Options& options, const Common& common) {
  const std::vector<formats::Token> ids = read_ids(options.ids);
  const Engine engine(options.model, options.engine);
  SessionOptions session_options = options.session;
  const formats::ModelConfig& config = engine.model().config();
  if (session_options.context == 0) {
    session_options.context =
        static_cast<std::uint32_t>(std::min<std::size_t>(ids.size(), config.max_context));
  }
  const auto session = engine.session(session_options, ids);
  if (ids.size() > session->context()) {
    throw Error(Code::context_full, fmt::format("{}: {} ids do not fit a context of {}",
                                                options.ids, ids.size(), session->context()));
  }
  Sink sink(options, common.json);
  std::vector<float> rows(std::min(chunk_tokens, ids.size()) * config.vocab_size);
  for (std::size_t begin = 0; begin < ids.size(); begin += chunk_tokens) {
    const auto chunk = std::span(ids).subspan(begin, std::min(chunk_tokens, ids.size() - begin));
    const std::span<float> out = std::span(rows).first(chunk.size() * config.vocab_size);
    engine.model().forward(*session, chunk, model::Logits::all, out);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      sink.take(chunk[i], out.subspan(i * config.vocab_size, config.vocab_size));
    }
  }
  sink.finish(ids);
  return Exit::ok;
}

}  // namespace

Action declare_logits(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  command.add_option("--ids", options->ids, "JSON file with the token ids").required();
  command.add_option("--raw", options->raw,
                     "File for all logits: float32, little-endian, [positions][vocabulary]");
  command.add_option("--top", options->top, "Tokens to show for each position").show_default();
  add_adapter_option(command, options->engine);
  add_session_options(command, options->session);
  add_engine_options(command, options->engine);
  return [options, &common] { return logits(*options, common); };
}

}  // namespace crayon::cli
