#pragma once

#include <span>
#include <utility>
#include <vector>

#include "formats/embedding.h"
#include "runtime/model/model.h"

namespace crayon::adapters {

/// A query as the model reads it, with its embeddings: each is computed when it is first asked for,
/// and kept. Not for two threads at once.
class Query {
 public:
  /// `model` must outlive the query. No tokens are fine as long as no embedding is asked for.
  Query(const model::Model& model, std::vector<model::Token> tokens)
      : model_(model), tokens_(std::move(tokens)) {}

  /// [kind.dim]. Throws what Model::embedding() does.
  std::span<const float> embedding(formats::Embedding kind);

 private:
  const model::Model& model_;
  std::vector<model::Token> tokens_;
  std::vector<std::pair<formats::Embedding, std::vector<float>>> known_;
};

}  // namespace crayon::adapters
