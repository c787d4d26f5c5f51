#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"
#include "runtime/generation/chat_format.h"

namespace crayon::adapters {

Pool Pool::load(const formats::Bundle& bundle, const formats::Bundle& base) {
  const formats::BundleInfo& info = bundle.info();
  const std::string path = bundle.path().string();
  if (info.kind != formats::BundleKind::pool || !base.info().config) {
    throw Error(
        Code::bad_argument,
        fmt::format("{} is a bundle of kind {}, {} of kind {}; a pool and its base model "
                    "are needed",
                    path, kind_name(info.kind), base.path().string(), kind_name(base.info().kind)),
        "name a pool bundle and its base");
  }
  Pool pool;
  pool.tau = info.pool_tau;
  pool.embedding = info.pool_embedding;
  pool.embedding.check(*base.info().config);
  for (std::size_t index = 0; index < info.adapters.size(); ++index) {
    pool.adapters.push_back(formats::read_adapter(bundle, index, base));
  }

  const formats::TensorEntry& indicators = bundle.at(formats::indicators(pool.embedding));
  const formats::Shape shape{info.adapters.size(), pool.embedding.dim(*base.info().config)};
  if (indicators.shape != shape) {
    throw Error(Code::bad_shape,
                fmt::format("{}: tensor {} is [{}][{}], not [{}][{}]", path, indicators.name,
                            indicators.shape.rows, indicators.shape.cols, shape.rows, shape.cols),
                "pack the pool again");
  }
  pool.indicators = bundle.read_f32(indicators);
  const bool finite =
      std::ranges::all_of(pool.indicators, [](float value) { return std::isfinite(value); });
  if (!finite || !std::isfinite(pool.tau) || pool.tau <= 0) {
    throw Error(Code::corrupt,
                fmt::format("{}: the pool's tau is {}, its indicators are {}finite", path, pool.tau,
                            finite ? "" : "not "),
                "pack the pool again");
  }
  return pool;
}

std::vector<float> embed(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                         std::span<const std::string> texts, formats::Embedding kind) {
  std::vector<std::vector<model::Token>> prompts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].find_first_not_of(" \t\r\n\v\f") == std::string::npos) {
      throw Error(Code::bad_argument, fmt::format("text {} is empty", i),
                  "leave empty examples out");
    }
    const generation::Turn turn{"user", texts[i]};
    prompts.push_back(generation::render({&turn, 1}, tokenizer.data().chat_format, tokenizer));
  }
  if (kind.layer == 0) {
    const std::vector<std::span<const model::Token>> views(prompts.begin(), prompts.end());
    return model.query_embeddings(views);
  }
  std::vector<float> embeddings;
  for (const std::vector<model::Token>& prompt : prompts) {
    const std::vector<float> embedding = model.embedding(prompt, kind);
    embeddings.insert(embeddings.end(), embedding.begin(), embedding.end());
  }
  return embeddings;
}

std::vector<float> centre_of(std::span<const float> embeddings, std::size_t dim) {
  std::vector<double> sum(dim);
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    sum[i % dim] += static_cast<double>(embeddings[i]);
  }
  const double length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
  if (!std::isfinite(length) || length == 0) {
    throw Error(Code::malformed, "the examples' embeddings have no mean direction",
                "give other examples");
  }
  std::vector<float> centre(dim);
  std::ranges::transform(sum, centre.begin(),
                         [length](double value) { return static_cast<float>(value / length); });
  return centre;
}

}  // namespace crayon::adapters
