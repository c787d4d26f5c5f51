#include "runtime/hybrid/topics.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "runtime/adapters/adapters.h"

namespace crayon::hybrid {
namespace {

/// An example is found again whatever the order in which a sum is rounded.
constexpr double rounding = 1e-5;

std::vector<std::string> unique(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace

Topics::Topics(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
               std::vector<std::string> examples, formats::Embedding kind)
    : Topics(adapters::embed(model, tokenizer, unique(std::move(examples)), kind),
             kind.dim(model.config()), kind) {}

Topics::Topics(std::vector<float> embeddings, std::size_t dim, formats::Embedding kind)
    : kind_(kind), embeddings_(std::move(embeddings)), dim_(dim) {
  if (embeddings_.size() < 2 * dim_) {
    throw Error(Code::bad_argument, "a topic that stays local has less than two examples",
                "give some more, different ones: what is alike is learned from them");
  }
  calibrate();
}

void Topics::calibrate() {
  const std::size_t count = embeddings_.size() / dim_;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> others =
        adapters::cosines(std::span(embeddings_).subspan(i * dim_, dim_), embeddings_);
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    threshold_ = std::min(threshold_, std::ranges::max(others));
  }
  threshold_ -= rounding;
}

double Topics::closeness(std::span<const float> x) const {
  return std::ranges::max(adapters::cosines(x, embeddings_));
}

}  // namespace crayon::hybrid
