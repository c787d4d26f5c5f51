#include "runtime/model/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "runtime/model/hidden_embedding.h"
#include "runtime/model/query_embedding.h"
#include "runtime/model/transformer.h"

namespace crayon::model {
namespace {

void check_ids(std::span<const Token> tokens, const formats::ModelConfig& config) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || static_cast<std::uint32_t>(tokens[i]) >= config.vocab_size) {
      throw Error(Code::bad_argument,
                  fmt::format("token {} has id {}, outside of the vocabulary of {}", i, tokens[i],
                              config.vocab_size),
                  "use the tokenizer of this model");
    }
  }
}

void check_text(std::span<const Token> tokens, const formats::ModelConfig& config) {
  if (tokens.empty()) {
    throw Error(Code::bad_argument, "there are no tokens to embed", "give at least one token");
  }
  check_ids(tokens, config);
}

/// Rows of logits that `wanted` gives for so many tokens.
std::uint64_t logit_rows(Logits wanted, std::uint64_t tokens) {
  switch (wanted) {
    case Logits::none:
      return 0;
    case Logits::last:
      return 1;
    case Logits::all:
      return tokens;
  }
  return 0;
}

}  // namespace

Model::Model() = default;
Model::~Model() = default;

std::unique_ptr<Model> Model::load(const formats::Bundle& bundle, const kernels::KernelSet& kernels,
                                   ThreadPool& pool) {
  std::unique_ptr<Model> model(new Model);
  model->weights_ = load_weights(bundle, Compute{&kernels, &pool});
  return model;
}

const formats::ModelConfig& Model::config() const {
  return weights_->config;
}

const formats::Hash& Model::id() const {
  return weights_->id;
}

const kernels::KernelSet& Model::kernels() const {
  return *weights_->compute.kernels;
}

bool Model::uses_image() const {
  return weights_->memory.is_image();
}

KvDtype Model::default_kv() const {
  const bool all_f32 = std::ranges::all_of(weights_->layers, [](const LayerWeights& layer) {
    return std::ranges::all_of(layer.projections, [](const Matrix& matrix) {
      return matrix.rows() == 0 || matrix.is_f32();  // no rows: the architecture has no such map
    });
  });
  return all_f32 ? KvDtype::f32 : KvDtype::f16;
}

MemoryEstimate Model::estimate(const formats::BundleInfo& info, const kernels::KernelSet& kernels,
                               std::uint32_t context, KvDtype kv) {
  const formats::ModelConfig& config = model_config(info);
  MemoryEstimate estimate;
  estimate.weights = weight_bytes(info, kernels.layout);
  estimate.kv_cache = KvCache::bytes(config, context, kv);
  estimate.scratch = checked_add(ScratchSizes(config, context).bytes(),
                                 Rotation::bytes(config, context), "scratch");
  return estimate;
}

void Model::forward(Session& session, std::span<const Token> tokens, Logits wanted,
                    std::span<float> logits) const {
  Session::State& state = session.state();
  if (state.model != this) {
    throw Error(Code::bad_argument, "the session belongs to another model",
                "make a session of this model");
  }
  if (tokens.empty()) {
    throw Error(Code::bad_argument, "there are no tokens to run", "give at least one token");
  }
  check_ids(tokens, config());
  if (tokens.size() > session.context() - session.position()) {
    throw Error(Code::context_full,
                fmt::format("{} tokens at position {} do not fit in a context of {}", tokens.size(),
                            session.position(), session.context()),
                "use a larger context or a shorter text");
  }
  const std::uint64_t vocab = config().vocab_size;
  if (logits.size() != logit_rows(wanted, tokens.size()) * vocab) {
    throw Error(Code::bad_argument,
                fmt::format("room for {} logits where {} x {} are asked for", logits.size(),
                            logit_rows(wanted, tokens.size()), vocab),
                "pass a span of exactly that size");
  }

  float* out = logits.data();
  for (std::size_t done = 0; done < tokens.size();) {
    const std::size_t count = std::min<std::size_t>(prefill_batch, tokens.size() - done);
    const bool is_end = done + count == tokens.size();
    const Logits here = wanted == Logits::last && !is_end ? Logits::none : wanted;
    Step(*weights_, state, tokens.subspan(done, count)).run(here, out);
    out += logit_rows(here, count) * vocab;
    done += count;
  }
}

std::vector<float> Model::query_embedding(std::span<const Token> tokens) const {
  return query_embeddings({&tokens, 1});
}

std::vector<float> Model::query_embeddings(std::span<const std::span<const Token>> texts) const {
  for (const std::span<const Token> tokens : texts) {
    check_text(tokens, config());
  }
  return mean_queries(*weights_, texts);
}

std::vector<float> Model::embedding(std::span<const Token> tokens, formats::Embedding kind) const {
  if (kind.layer == 0) {
    return query_embedding(tokens);
  }
  kind.check(config());
  check_text(tokens, config());
  if (tokens.size() > config().max_context) {
    throw Error(Code::context_full,
                fmt::format("{} tokens to embed do not fit in a context of {}", tokens.size(),
                            config().max_context),
                "shorten the text");
  }
  Session session(*this, static_cast<std::uint32_t>(tokens.size()), default_kv());
  return hidden_embedding(*weights_, session.state(), tokens, kind);
}

}  // namespace crayon::model
