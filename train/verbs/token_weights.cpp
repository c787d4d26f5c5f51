// crayon-train token-weights: which words of each class's prompt matter, learned from a few
// labelled pictures.

#include <torch/torch.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/importers/json_object.h"
#include "formats/pictures/normalise.h"
#include "formats/pictures/picture.h"
#include "runtime/emphasis/syntax.h"
#include "train/dual/word_weights.h"
#include "train/scenes/caption.h"
#include "train/verbs/clip_text.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

using importers::JsonObject;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t classes_limit = std::uint64_t{16} << 20;    // bytes of the file
constexpr std::uint64_t labelled_limit = std::uint64_t{256} << 20;  // bytes of such a file
constexpr std::size_t pictures_at_once = 64;

struct Options {
  std::filesystem::path folder;
  std::filesystem::path labelled;
  std::filesystem::path held_out;
  std::filesystem::path classes;
  std::filesystem::path output;
  std::string label_field = "label";
  bool shared = false;
  int threads = 0;
  WordWeightOptions learning;
};

/// What the files say of the classes, in one order.
struct Classes {
  std::vector<std::string> names;
  std::vector<std::string> prompts;
  std::map<std::string, std::int64_t> index;
};

Classes read_classes(const std::filesystem::path& path) {
  const nlohmann::json object = importers::read_json(path, classes_limit);
  const JsonObject fields(object, path.string());
  Classes classes;
  for (const auto& [name, prompt] : object.items()) {
    classes.index[name] = std::ssize(classes.names);
    classes.names.push_back(name);
    classes.prompts.push_back(fields.required_text(name.c_str()));
  }
  return classes;
}

WeightedPrompts read_prompts(const Options& options, const Classes& classes, std::int64_t context) {
  const ClipText text(options.folder);
  std::vector<Prompt> prompts;
  for (const std::string& given : classes.prompts) {
    Prompt& prompt = prompts.emplace_back();
    for (std::string& word : scenes::words_of(given)) {
      prompt.tokens.push_back(text.encode_inside(word));
      prompt.words.push_back(std::move(word));
    }
  }
  return {std::move(prompts), text.bos(), text.eos(), context, options.shared};
}

pictures::Preprocessing preprocessing(const DualConfig& config) {
  pictures::Preprocessing wanted{.size = static_cast<std::uint32_t>(config.image_size)};
  std::ranges::transform(config.mean, wanted.scale.mean.begin(),
                         [](double mean) { return static_cast<float>(mean); });
  std::ranges::transform(config.deviation, wanted.scale.deviation.begin(),
                         [](double deviation) { return static_cast<float>(deviation); });
  return wanted;
}

/// Pictures, or embeddings of some, each with its class, line by line.
class LabelledFile {
 public:
  LabelledFile(const DualEncoder& dual, const Classes& classes, const std::string& label_field)
      : dual_(dual), classes_(classes), label_field_(label_field) {}

  LabelledFeatures read(const std::filesystem::path& path) {
    std::istringstream lines(read_text(path, labelled_limit));
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (!line.empty()) {
        const std::string where = fmt::format("{}, line {}", path.string(), number);
        const nlohmann::json object = importers::parse_json(line, where);
        add(JsonObject(object, where), path.parent_path());
      }
    }
    encode_pictures();
    if (labels_.empty()) {
      throw Error(Code::malformed, path.string() + " has no line", "give labelled pictures");
    }
    return {torch::cat(features_), torch::tensor(labels_)};
  }

 private:
  void add(const JsonObject& fields, const std::filesystem::path& folder) {
    const std::string label = fields.required_text(label_field_.c_str());
    const auto found = classes_.index.find(label);
    if (found == classes_.index.end()) {
      throw Error(Code::malformed,
                  fmt::format("{}: there is no class \"{}\"", fields.where(), label),
                  "give it a prompt in the file of the classes");
    }
    if (fields.find("embedding") != nullptr) {
      encode_pictures();  // which stand in front of it
      features_.push_back(embedding_of(fields));
    } else {
      const pictures::Picture picture =
          pictures::read_picture(folder / fields.required_text("image"));
      pixels_.push_back(torch::tensor(pictures::normalise(picture, preprocessing(dual_.config))));
    }
    labels_.push_back(found->second);
    if (pixels_.size() == pictures_at_once) {
      encode_pictures();
    }
  }

  torch::Tensor embedding_of(const JsonObject& fields) const {
    std::vector<float> values;
    for (const nlohmann::json& value : *fields.array("embedding")) {
      values.push_back(value.is_number() ? value.get<float>() : NAN);
    }
    const torch::Tensor embedding = torch::tensor(values).unsqueeze(0);
    const double length = embedding.norm().item<double>();
    if (std::ssize(values) != dual_.config.output || !std::isfinite(length) || length == 0) {
      throw Error(Code::malformed,
                  fmt::format("{}: \"embedding\" is not {} numbers with a length", fields.where(),
                              dual_.config.output),
                  "give what the encoder of this folder makes of a picture");
    }
    return embedding / length;
  }

  void encode_pictures() {
    if (!pixels_.empty()) {
      const torch::NoGradGuard no_grad;
      const std::int64_t side = dual_.config.image_size;
      features_.push_back(image_features(dual_, torch::stack(pixels_).view({-1, 3, side, side})));
      pixels_.clear();
    }
  }

  const DualEncoder& dual_;
  const Classes& classes_;
  const std::string& label_field_;
  std::vector<torch::Tensor> pixels_;  ///< each [3 * size * size], of pictures not yet encoded
  std::vector<torch::Tensor> features_;
  std::vector<std::int64_t> labels_;
};

/// Weights of the words of one prompt.
std::vector<double> weights_of(const WeightedPrompts& prompts, std::size_t prompt,
                               const torch::Tensor& logs) {
  std::vector<double> weights;
  for (std::size_t w = 0; w < prompts.prompts()[prompt].words.size(); ++w) {
    weights.push_back(std::exp(logs[prompts.place(prompt, w)].item<double>()));
  }
  return weights;
}

/// The prompt as people write it: "a photo of a (red:1.43) circle". Weights have three digits.
std::string emphasised(const std::string& prompt, const std::vector<std::string>& words,
                       const std::vector<double>& weights) {
  emphasis::EmphasisedText text{prompt, {}};
  std::size_t at = 0;
  for (std::size_t w = 0; w < words.size(); ++w) {
    const std::size_t begin = prompt.find(words[w], at);
    at = begin + words[w].size();
    const float weight = std::stof(fmt::format("{:.3g}", weights[w]));
    if (weight != 1) {
      text.spans.push_back({begin, at, std::min(weight, emphasis::max_weight)});
    }
  }
  return emphasis::write(text);
}

/// A line a word, the heaviest first. `shared`: of those that all prompts share, or of the others.
void print_words(const WeightedPrompts& prompts, std::size_t prompt,
                 const std::vector<double>& weights, bool shared) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return weights[a] > weights[b]; });
  for (const std::size_t w : order) {
    if (prompts.is_shared(prompts.place(prompt, w)) == shared) {
      fmt::print("  {:8.3f}  {}\n", weights[w], prompts.prompts()[prompt].words[w]);
    }
  }
}

void print_table(const Classes& classes, const WeightedPrompts& prompts,
                 const torch::Tensor& logs) {
  if (prompts.is_shared(0)) {
    fmt::print("words of all classes\n");
    print_words(prompts, 0, weights_of(prompts, 0, logs), true);
  }
  for (std::size_t p = 0; p < classes.names.size(); ++p) {
    const std::vector<double> weights = weights_of(prompts, p, logs);
    fmt::print("{}: {}\n", classes.names[p],
               emphasised(classes.prompts[p], prompts.prompts()[p].words, weights));
    print_words(prompts, p, weights, false);
  }
}

Json classes_json(const Classes& classes, const WeightedPrompts& prompts,
                  const torch::Tensor& logs) {
  Json all = Json::object();
  for (std::size_t p = 0; p < classes.names.size(); ++p) {
    const std::vector<std::string>& words = prompts.prompts()[p].words;
    const std::vector<double> weights = weights_of(prompts, p, logs);
    Json list = Json::array();
    for (std::size_t w = 0; w < words.size(); ++w) {
      list.push_back({{"word", words[w]}, {"weight", weights[w]}});
    }
    all[classes.names[p]] = {{"prompt", classes.prompts[p]},
                             {"emphasised", emphasised(classes.prompts[p], words, weights)},
                             {"words", std::move(list)}};
  }
  return all;
}

Json to_json(const Judgement& judgement) {
  return {{"loss", judgement.loss}, {"accuracy", judgement.accuracy}};
}

Exit run(const Options& options) {
  if (options.threads > 0) {
    torch::set_num_threads(options.threads);
  }
  const DualEncoder dual = DualEncoder::load(options.folder);
  const std::int64_t first_layer = options.learning.first_layer;
  if (first_layer >= dual.config.text.layers) {
    throw Error(Code::bad_argument,
                fmt::format("there is no layer {}: the text tower has {}", first_layer,
                            dual.config.text.layers),
                "count the layers from 0");
  }
  const Classes classes = read_classes(options.classes);
  const WeightedPrompts prompts = read_prompts(options, classes, dual.config.context);
  std::vector<std::pair<const char*, LabelledFeatures>> sets;
  const auto add = [&](const char* name, const std::filesystem::path& path) {
    sets.emplace_back(name, LabelledFile(dual, classes, options.label_field).read(path));
  };
  add("labelled", options.labelled);
  if (!options.held_out.empty()) {
    add("held_out", options.held_out);
  }

  const torch::Tensor logs =
      learn_word_weights(dual, prompts, sets.front().second, options.learning);
  print_table(classes, prompts, logs);
  Json result = {{"first_layer", first_layer}, {"classes", classes_json(classes, prompts, logs)}};
  for (const auto& [name, pictures] : sets) {
    const Judgement before = judge(dual, prompts, torch::zeros_like(logs), first_layer, pictures);
    const Judgement after = judge(dual, prompts, logs, first_layer, pictures);
    fmt::print("{}: {} pictures, accuracy {:.1f} % -> {:.1f} %, loss {:.4f} -> {:.4f}\n", name,
               pictures.labels.size(0), 100 * before.accuracy, 100 * after.accuracy, before.loss,
               after.loss);
    result[name] = {
        {"n", pictures.labels.size(0)}, {"before", to_json(before)}, {"after", to_json(after)}};
  }
  write_text(options.output, result.dump(2) + "\n");
  return Exit::ok;
}

}  // namespace

Action declare_token_weights(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  command.add_option("FOLDER", options->folder, "A Hugging Face folder of a CLIP model")
      ->required();
  command
      .add_option("--labelled", options->labelled,
                  "JSONL with \"label\" and either \"image\", a file beside it, or \"embedding\"")
      ->required();
  command
      .add_option("--classes", options->classes, "JSON object: each label with its class's prompt")
      ->required();
  command.add_option("-o,--output", options->output, "The weights, as JSON")->required();
  command.add_option("--held-out", options->held_out,
                     "Others of the kind, to judge the weights on");
  command.add_option("--label-field", options->label_field, "The field of the label")
      ->capture_default_str();
  command.add_flag("--shared", options->shared,
                   "Words that stand in every prompt have one weight for all");
  WordWeightOptions& learning = options->learning;
  learning.largest = emphasis::max_weight;
  command.add_option("--steps", learning.steps, "Steps of Adam")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command.add_option("--rate", learning.rate, "Adam's learning rate, of the weights' logarithms")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command
      .add_option("--penalty", learning.penalty,
                  "Of the squares of these logarithms, against learning few pictures by heart")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--first-layer", learning.first_layer,
                  "Weights count in the text tower's layers from this one on")
      ->capture_default_str()
      ->check(CLI::Range(0, 127));
  command.add_option("-t,--threads", options->threads, "CPU threads; 0: all")
      ->capture_default_str();
  return [options] { return run(*options); };
}

}  // namespace crayon::train
