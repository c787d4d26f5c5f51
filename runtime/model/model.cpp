#include "runtime/model/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "runtime/model/hidden_embedding.h"
#include "runtime/model/input_checks.h"
#include "runtime/model/query_embedding.h"
#include "runtime/model/transformer.h"

namespace crayon::model {
namespace {

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

Model::Towers Model::load_towers(const formats::Bundle& bundle, const kernels::KernelSet& kernels,
                                 ThreadPool& pool) {
  TowerWeights weights = load_tower_weights(bundle, Compute{&kernels, &pool});
  Towers towers{std::unique_ptr<Model>(new Model), std::unique_ptr<Model>(new Model)};
  towers.text->weights_ = std::move(weights.text);
  towers.image->weights_ = std::move(weights.image);
  return towers;
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
  return weights_->memory->is_image();
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

std::uint64_t session_bytes(const formats::ModelConfig& config, std::uint32_t context, KvDtype kv) {
  const std::uint64_t scratch = checked_add(ScratchSizes(config, context).bytes(),
                                            Rotation::bytes(config, context), "scratch");
  return checked_add(KvCache::bytes(config, context, kv), scratch, "session");
}

void Model::forward(Session& session, std::span<const Token> tokens, Logits wanted,
                    std::span<float> logits) const {
  check_continuation(session, tokens, *weights_);
  check_logits(logits, logit_rows(wanted, tokens.size()), config());

  Session::State& state = session.state();
  const std::uint64_t vocab = config().vocab_size;
  float* out = logits.data();
  for (std::size_t done = 0; done < tokens.size();) {
    const std::size_t count = std::min<std::size_t>(prefill_batch, tokens.size() - done);
    const bool is_end = done + count == tokens.size();
    const Logits here = wanted == Logits::last && !is_end ? Logits::none : wanted;
    const StepPart part{&state, tokens.subspan(done, count), 0};
    Step(*weights_, state.scratch, {&part, 1}).run(config().layers);
    if (const std::size_t rows = logit_rows(here, count); rows != 0) {
      const float* const residual = state.scratch.residual.data() + (count - rows) * config().dim;
      write_logits(*weights_, residual, rows, out, state.scratch);
      out += rows * vocab;
    }
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
