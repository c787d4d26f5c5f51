#include "runtime/emphasis/spans.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "runtime/emphasis/words.h"

namespace crayon::emphasis {
namespace {

std::string range_of_weights() {
  return fmt::format("give a number from 0 to {}", max_weight);
}

/// [byte of the text, and its end] -> whether no word goes on across it.
std::vector<bool> borders_of(std::string_view text) {
  std::vector<bool> borders(text.size() + 1, false);
  for (const Word& word : split_words(text)) {
    borders[word.begin] = true;
  }
  borders[text.size()] = true;
  return borders;
}

/// Where `phrase` is in the text at borders on both sides, or npos.
std::size_t find(std::string_view text, std::string_view phrase, std::size_t from,
                 const std::vector<bool>& borders) {
  std::size_t at = text.find(phrase, from);
  while (at != std::string_view::npos && !(borders[at] && borders[at + phrase.size()])) {
    at = text.find(phrase, at + 1);
  }
  return at;
}

void check(const Phrase& phrase) {
  if (phrase.text.empty()) {
    throw Error(Code::bad_argument, "a phrase is empty", "give the words that a weight is for");
  }
  if (!is_weight(phrase.weight)) {
    throw Error(Code::bad_argument,
                fmt::format("{} is no weight for the phrase \"{}\"", phrase.weight, phrase.text),
                range_of_weights());
  }
}

}  // namespace

bool is_weight(float weight) {
  return std::isfinite(weight) && weight >= 0 && weight <= max_weight;
}

void check(std::span<const Span> spans, std::size_t size) {
  std::size_t done = 0;
  for (const Span& span : spans) {
    if (span.begin < done || span.end <= span.begin || span.end > size) {
      throw Error(Code::bad_argument,
                  fmt::format("the span of bytes {} to {} is empty, out of order or beyond the "
                              "text's {} bytes",
                              span.begin, span.end, size),
                  "give spans in order and apart");
    }
    if (!is_weight(span.weight)) {
      throw Error(
          Code::bad_argument,
          fmt::format("{} is no weight for bytes {} to {}", span.weight, span.begin, span.end),
          range_of_weights());
    }
    done = span.end;
  }
}

bool ByteWeights::multiply(const Span& span) {
  for (std::size_t i = span.begin; i < span.end; ++i) {
    weights_[i] *= span.weight;
    if (weights_[i] > max_weight) {
      return false;
    }
  }
  return true;
}

std::vector<Span> ByteWeights::spans() const {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (!spans.empty() && spans.back().end == i && spans.back().weight == weights_[i]) {
      ++spans.back().end;
    } else if (weights_[i] != 1) {
      spans.push_back({i, i + 1, weights_[i]});
    }
  }
  return spans;
}

std::vector<Span> find_phrases(std::string_view text, std::span<const Phrase> phrases) {
  if (phrases.size() > max_phrases) {
    throw Error(Code::over_limit,
                fmt::format("{} phrases have weights; at most {} can", phrases.size(), max_phrases),
                "give fewer phrases");
  }
  const std::vector<bool> borders = borders_of(text);
  ByteWeights weights(text.size());
  for (const Phrase& phrase : phrases) {
    check(phrase);
    std::size_t at = find(text, phrase.text, 0, borders);
    if (at == std::string_view::npos) {
      throw Error(Code::bad_argument,
                  fmt::format("the phrase \"{}\" is not in the text", phrase.text),
                  "give whole words as the text has them, in the same case");
    }
    while (at != std::string_view::npos) {
      const Span span{at, at + phrase.text.size(), phrase.weight};
      if (!weights.multiply(span)) {
        throw Error(Code::bad_argument,
                    fmt::format("with the weight of \"{}\" those of words that phrases share "
                                "multiply to more than {}",
                                phrase.text, max_weight),
                    "give the phrases smaller weights");
      }
      at = find(text, phrase.text, span.end, borders);
    }
  }
  return weights.spans();
}

}  // namespace crayon::emphasis
