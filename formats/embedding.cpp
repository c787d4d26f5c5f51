#include "formats/embedding.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "formats/error_context.h"

namespace crayon::formats {

void Embedding::check(const ModelConfig& config) const {
  if (layer > config.layers) {
    fail(Code::corrupt, "embedding",
         fmt::format("{} of a model of {} layers", embedding_name(*this), config.layers));
  }
}

std::uint32_t Embedding::dim(const ModelConfig& config) const {
  return layer == 0 ? config.query_dim() : config.dim;
}

std::string embedding_name(Embedding embedding) {
  return embedding.layer == 0
             ? "query-mean"
             : fmt::format("hidden-{}-{}", embedding.layer, embedding.last ? "last" : "mean");
}

Embedding parse_embedding(std::string_view name) {
  Embedding embedding;
  constexpr std::string_view prefix = "hidden-";
  if (name.starts_with(prefix)) {
    const char* const end = name.data() + name.size();
    std::from_chars(name.data() + prefix.size(), end, embedding.layer);
    embedding.last = name.ends_with("-last");
  }
  // Written back, it must be the same: no sign, no leading zero, nothing behind it.
  if (embedding_name(embedding) != name) {
    throw Error(Code::unsupported, fmt::format("embedding: \"{}\" is not known", name),
                "use query-mean, hidden-L-mean or hidden-L-last, L counting layers from 1");
  }
  return embedding;
}

}  // namespace crayon::formats
