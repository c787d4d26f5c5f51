#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "formats/bundle.h"
#include "formats/model_source.h"
#include "formats/packer.h"
#include "runtime/model/model.h"
#include "tests/support/support.h"

namespace crayon::test {

/// Two layers, grouped queries, untied head; no size is a multiple of 16.
formats::ModelConfig tiny_config();

/// A model of random weights that keep the size of what flows through it, with a tokenizer of as
/// many normal pieces as the vocabulary has.
formats::ModelSource random_source(const formats::ModelConfig& config, std::uint64_t seed);

/// Random factors on every projection of every layer, about as large in effect as the weights.
formats::AdapterSource random_adapter(const formats::ModelConfig& config, std::uint32_t rank,
                                      float scale, std::uint64_t seed);

std::vector<formats::Token> random_tokens(std::size_t count, std::uint32_t vocab,
                                          std::uint64_t seed);

/// A model packed into a bundle in a folder of its own.
struct Packed {
  Packed(const formats::ModelSource& source, const formats::PackOptions& options);
  Packed(const formats::ModelSource& source, formats::Dtype dtype)
      : Packed(source, formats::PackOptions{.weights = dtype, .head = dtype}) {}

  TempDir folder;
  formats::Hash id;
  formats::Bundle bundle;

  std::unique_ptr<model::Model> load(ThreadPool& pool,
                                     const kernels::KernelSet& kernels = kernels::select()) const {
    return model::Model::load(bundle, kernels, pool);
  }
};

/// Logits of all tokens, in a new session: [tokens][vocab].
std::vector<float> all_logits(const model::Model& model, std::span<const formats::Token> tokens,
                              model::KvDtype kv,
                              std::shared_ptr<const model::Adapter> adapter = nullptr);

double largest_difference(std::span<const float> x, std::span<const double> truth);
/// Root of the mean squared difference, in deviations of `truth`.
double relative_rms(std::span<const float> x, std::span<const double> truth);

}  // namespace crayon::test
