#include "runtime/emphasis/spans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

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
  if (phrase.text.size() > max_phrase_bytes) {
    throw Error(Code::over_limit,
                fmt::format("a phrase has {} bytes; at most {} can be sought", phrase.text.size(),
                            max_phrase_bytes),
                "give shorter phrases");
  }
  if (!is_weight(phrase.weight)) {
    throw Error(Code::bad_argument,
                fmt::format("{} is no weight for the phrase \"{}\"", phrase.weight, phrase.text),
                range_of_weights());
  }
}

/// Gives the phrase's weight to all places where the text has it. Whether it has it at all.
bool weigh(const Phrase& phrase, std::string_view text, const std::vector<bool>& borders,
           ByteWeights& weights) {
  std::size_t at = find(text, phrase.text, 0, borders);
  const bool found = at != std::string_view::npos;
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
  return found;
}

}  // namespace

bool is_weight(float weight) {
  return std::isfinite(weight) && !std::signbit(weight) && weight <= max_weight;
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
  return std::move(find_phrases({&text, 1}, phrases).front());
}

std::vector<std::vector<Span>> find_phrases(std::span<const std::string_view> texts,
                                            std::span<const Phrase> phrases) {
  if (phrases.size() > max_phrases) {
    throw Error(Code::over_limit,
                fmt::format("{} phrases have weights; at most {} can", phrases.size(), max_phrases),
                "give fewer phrases");
  }
  for (const Phrase& phrase : phrases) {
    check(phrase);
  }
  std::vector<bool> found(phrases.size());
  std::vector<std::vector<Span>> spans;
  for (const std::string_view text : texts) {
    const std::vector<bool> borders = borders_of(text);
    ByteWeights weights(text.size());
    for (std::size_t i = 0; i < phrases.size(); ++i) {
      found[i] = weigh(phrases[i], text, borders, weights) || found[i];
    }
    spans.push_back(weights.spans());
  }
  const auto missing = std::ranges::find(found, false);
  if (missing != found.end()) {
    throw Error(Code::bad_argument,
                fmt::format("the phrase \"{}\" is not in the text",
                            phrases[static_cast<std::size_t>(missing - found.begin())].text),
                "give whole words as the text has them, in the same case");
  }
  return spans;
}

}  // namespace crayon::emphasis
