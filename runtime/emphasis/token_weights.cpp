#include "runtime/emphasis/token_weights.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "runtime/emphasis/words.h"

namespace crayon::emphasis {
namespace {

/// Of two weights the one that is farther from 1 as a factor: 0 is farthest.
float stronger(float first, float second) {
  const auto distance = [](float weight) { return std::max(weight, 1 / weight); };
  return distance(second) > distance(first) ? second : first;
}

/// The words of a text in order, each with the weight that the spans give it.
class WeightedWords {
 public:
  WeightedWords(std::string_view text, std::span<const Span> spans);

  /// Of bytes [begin, end), which are not before those of the last call, nor within them.
  float weight_of(std::size_t begin, std::size_t end);

 private:
  std::string_view text_;
  std::vector<Word> words_;
  std::vector<float> weights_;  // [word]
  std::size_t next_ = 0;        // the first word that ends behind where the last call began
};

WeightedWords::WeightedWords(std::string_view text, std::span<const Span> spans)
    : text_(text), words_(split_words(text)) {
  std::size_t first = 0;  // the first span that ends behind where the word begins
  for (const Word& word : words_) {
    while (first < spans.size() && spans[first].end <= word.begin) {
      ++first;
    }
    float weight = 1;
    for (std::size_t i = first; i < spans.size() && spans[i].begin < word.end; ++i) {
      weight = stronger(weight, spans[i].weight);
    }
    weights_.push_back(word.space ? 1 : weight);
  }
}

float WeightedWords::weight_of(std::size_t begin, std::size_t end) {
  while (next_ < words_.size() && words_[next_].end <= begin) {
    ++next_;
  }
  float weight = 1;
  bool space = true;
  std::size_t i = next_;
  for (; i < words_.size() && words_[i].begin < end; ++i) {
    weight = stronger(weight, weights_[i]);
    space = space && words_[i].space;
  }
  const bool leads = space && i < words_.size() && end > begin && text_[end - 1] == ' ';
  return leads ? weights_[i] : weight;
}

}  // namespace

TokenWeights token_weights(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                           std::span<const Span> spans, const tokenizer::EncodeOptions& options) {
  check(spans, text.size());
  tokenizer::Encoding encoding = tokenizer.encode_with_begins(text, options);
  TokenWeights result{std::move(encoding.tokens), {}};
  WeightedWords words(text, spans);
  const std::vector<std::size_t>& begins = encoding.begins;
  for (std::size_t i = 0; i < begins.size();) {
    // Tokens that begin together share what they are of.
    const auto next =
        std::upper_bound(begins.begin() + static_cast<std::ptrdiff_t>(i), begins.end(), begins[i]);
    const float weight = words.weight_of(begins[i], next == begins.end() ? text.size() : *next);
    for (; i < static_cast<std::size_t>(next - begins.begin()); ++i) {
      const bool control = tokenizer.data().types[static_cast<std::size_t>(result.tokens[i])] ==
                           formats::TokenType::control;
      result.weights.push_back(control ? 1 : weight);
    }
  }
  return result;
}

TokenWeights token_weights(const tokenizer::Tokenizer& tokenizer, const EmphasisedText& emphasised,
                           const tokenizer::EncodeOptions& options) {
  return token_weights(tokenizer, emphasised.text, emphasised.spans, options);
}

}  // namespace crayon::emphasis
