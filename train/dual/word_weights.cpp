#include "train/dual/word_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/error.h"
#include "train/optim/optimizer.h"

namespace crayon::train {
namespace {

/// How often each word stands in a prompt.
std::map<std::string, std::int64_t> counted(const Prompt& prompt) {
  std::map<std::string, std::int64_t> counts;
  for (const std::string& word : prompt.words) {
    ++counts[word];
  }
  return counts;
}

/// How often each word stands in every prompt.
std::map<std::string, std::int64_t> common_words(const std::vector<Prompt>& prompts) {
  std::map<std::string, std::int64_t> common = counted(prompts.front());
  for (const Prompt& prompt : prompts) {
    const auto counts = counted(prompt);
    for (auto& [word, count] : common) {
      const auto found = counts.find(word);
      count = std::min(count, found == counts.end() ? 0 : found->second);
    }
  }
  return common;
}

torch::Tensor class_logits(const DualEncoder& dual, const WeightedPrompts& prompts,
                           const torch::Tensor& logs, std::int64_t first_layer,
                           const LabelledFeatures& pictures) {
  return similarity(dual, pictures.features, prompts.features(dual, logs, first_layer));
}

}  // namespace

WeightedPrompts::WeightedPrompts(std::vector<Prompt> prompts, std::int32_t bos, std::int32_t eos,
                                 std::int64_t context, bool shared)
    : prompts_(std::move(prompts)) {
  if (prompts_.size() < 2) {
    throw Error(Code::bad_argument, "there are fewer than two classes to tell apart",
                "give a prompt for each of two classes or more");
  }
  place_words(shared);
  std::vector<std::vector<std::int32_t>> texts;
  for (const Prompt& prompt : prompts_) {
    std::vector<std::int32_t>& text = texts.emplace_back(1, bos);
    for (const auto& tokens : prompt.tokens) {
      text.insert(text.end(), tokens.begin(), tokens.end());
    }
    text.push_back(eos);
  }
  texts_ = make_text_batch(texts, context);
  token_places_ = torch::full_like(texts_.ids, count_);
  for (std::size_t p = 0; p < prompts_.size(); ++p) {
    auto* place = token_places_[static_cast<std::int64_t>(p)].data_ptr<std::int64_t>() + 1;
    for (std::size_t w = 0; w < prompts_[p].words.size(); ++w) {
      place = std::fill_n(place, prompts_[p].tokens[w].size(), places_[p][w]);
    }
  }
}

void WeightedPrompts::place_words(bool shared) {
  const auto common = shared ? common_words(prompts_) : std::map<std::string, std::int64_t>();
  std::map<std::string, std::int64_t> first;  // place of a common word's first occurrence
  for (const auto& [word, count] : common) {
    first[word] = shared_;
    shared_ += count;
  }
  count_ = shared_;
  for (const Prompt& prompt : prompts_) {
    std::map<std::string, std::int64_t> seen;
    std::vector<std::int64_t>& places = places_.emplace_back();
    for (const std::string& word : prompt.words) {
      const auto found = common.find(word);
      const std::int64_t before = seen[word]++;
      const bool is_common = found != common.end() && before < found->second;
      places.push_back(is_common ? first[word] + before : count_++);
    }
  }
}

torch::Tensor WeightedPrompts::features(const DualEncoder& dual, const torch::Tensor& logs,
                                        std::int64_t first_layer) const {
  const torch::Tensor with_one = torch::cat({logs, torch::zeros({1})});
  const TokenWeights weights{
      with_one.index_select(0, token_places_.flatten()).view(token_places_.sizes()), first_layer};
  return text_features(dual, texts_, &weights);
}

Judgement judge(const DualEncoder& dual, const WeightedPrompts& prompts, const torch::Tensor& logs,
                std::int64_t first_layer, const LabelledFeatures& pictures) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = class_logits(dual, prompts, logs, first_layer, pictures);
  const torch::Tensor right = logits.argmax(1).eq(pictures.labels).to(torch::kFloat64);
  return {torch::cross_entropy_loss(logits, pictures.labels).item<double>(),
          right.mean().item<double>()};
}

torch::Tensor learn_word_weights(const DualEncoder& dual, const WeightedPrompts& prompts,
                                 const LabelledFeatures& pictures,
                                 const WordWeightOptions& options) {
  torch::Tensor logs = torch::zeros({prompts.count()}, torch::requires_grad());
  OptimizerOptions adam{.adam_rate = options.rate};
  adam.clip = std::numeric_limits<double>::infinity();  // Adam's steps do not grow with it
  const double bound = std::log(options.largest);
  Optimizer optimizer({{"logs", &logs}}, false, adam);
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const torch::Tensor logits = class_logits(dual, prompts, logs, options.first_layer, pictures);
    (torch::cross_entropy_loss(logits, pictures.labels) + options.penalty * logs.square().sum())
        .backward();
    optimizer.step(1.0);
    const torch::NoGradGuard no_grad;
    logs.clamp_(-bound, bound);
  }
  return logs.detach();
}

}  // namespace crayon::train
