#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crayon::emphasis {

/// Bytes [begin, end) of a text and the weight w of the words there: attention is
/// w_n exp(q.k_n) / sum_j w_j exp(q.k_j) (Kim et al., SToRI, Findings of EMNLP 2024). 1 changes
/// nothing, 0 removes the words.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  float weight = 1;
  bool operator==(const Span&) const = default;
};

/// A weight multiplies attention: at this one nothing else is left to be seen.
inline constexpr float max_weight = 1000;
inline constexpr std::size_t max_phrases = 256;

/// Whether a weight is one: finite, not negative, at most max_weight.
bool is_weight(float weight);

/// Throws bad_argument unless spans of a text of `size` bytes are in order, apart, not empty,
/// within it, and have weights.
void check(std::span<const Span> spans, std::size_t size);

/// The weights of a text, byte by byte. Where spans lie on each other, weights multiply.
class ByteWeights {
 public:
  explicit ByteWeights(std::size_t size = 0) : weights_(size, 1.0f) {}

  void resize(std::size_t size) { weights_.resize(size, 1.0f); }
  /// Multiplies by the weight of a span within the text. False, and nothing is promised of the
  /// weights, when a product is above max_weight.
  [[nodiscard]] bool multiply(const Span& span);
  /// Spans in order and apart, the longest that there are; none where the weight is 1.
  std::vector<Span> spans() const;

 private:
  std::vector<float> weights_;  // [byte]
};

/// Words to be found in a text, and their weight.
struct Phrase {
  std::string text;
  float weight = 1;
};

/// The spans of all phrases in `text`, in order and apart: of each phrase every place where it
/// begins and ends with a word, letter by letter and case by case; where a phrase overlaps with
/// itself, the first place. Where several phrases meet, their weights multiply. Time O(phrases x
/// bytes). Throws bad_argument, naming the phrase, when one is nowhere, is empty or has no weight,
/// or a product is above max_weight; over_limit for more than max_phrases.
std::vector<Span> find_phrases(std::string_view text, std::span<const Phrase> phrases);

}  // namespace crayon::emphasis
