#pragma once

#include <span>
#include <string>
#include <vector>

#include "formats/embedding.h"
#include "runtime/adapters/query.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::hybrid {

/// What must stay here, by examples. A question is of these topics when its embedding's cosine to
/// the nearest example is not below the least that any example has to its nearest other one: if a
/// question is drawn as the n examples were, that misses it with a chance of at most 1 / n. Nothing
/// is promised for a private question that is unlike all examples; and an example that is unlike
/// the others keeps much at home that would not have to be.
class Topics {
 public:
  /// Equal texts count once. Throws bad_argument for less than two different ones, or an empty one.
  Topics(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
         std::vector<std::string> examples, formats::Embedding kind = {});
  /// embeddings [examples][dim], each of length 1.
  Topics(std::vector<float> embeddings, std::size_t dim, formats::Embedding kind = {});

  formats::Embedding kind() const { return kind_; }
  double threshold() const { return threshold_; }
  /// The largest cosine of x [dim] to the examples.
  double closeness(std::span<const float> x) const;

 private:
  void calibrate();

  formats::Embedding kind_;
  std::vector<float> embeddings_;  // [examples][dim]
  std::size_t dim_;
  double threshold_ = 1;
};

}  // namespace crayon::hybrid
