#include "tests/formats/importers/seeded_model.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/fnv.h"
#include "base/random.h"
#include "formats/architecture.h"

namespace crayon::test {
namespace {

using formats::TokenType;

// The sum of twelve uniform numbers is as good as normal, and needs no logarithm or cosine, whose
// last bit may differ between machines.
double nearly_normal(Random& random) {
  double sum = -6.0;
  for (int i = 0; i < 12; ++i) {
    sum += random.uniform();
  }
  return sum;
}

// A norm's weights are multiples of 1/1024, so that 1 less and 1 more give them back.
float norm_weight(Random& random) {
  return 1.0f + (static_cast<float>(random.below(409)) - 204.0f) / 1024.0f;
}

std::vector<float> numbers_of(const formats::ExpectedTensor& tensor, std::uint64_t seed) {
  Random random(fnv1a(tensor.name) ^ Random(seed).next());
  const bool bias = tensor.name.ends_with("_bias");
  const bool norm = tensor.role == formats::TensorRole::vector && !bias;
  const double deviation = bias ? 0.1 : 1.0 / std::sqrt(static_cast<double>(tensor.shape.cols));
  std::vector<float> numbers(tensor.shape.rows * tensor.shape.cols);
  for (float& number : numbers) {
    number = norm ? norm_weight(random) : static_cast<float>(nearly_normal(random) * deviation);
  }
  return numbers;
}

formats::TokenizerData tokenizer(std::uint32_t size) {
  formats::TokenizerData data;
  data.pieces = {"<unk>", "<s>", "</s>", "\u2581"};
  data.types = {TokenType::unknown, TokenType::control, TokenType::control, TokenType::normal};
  for (std::uint32_t token = 4; token < size; ++token) {
    data.pieces.push_back(std::string(1, static_cast<char>('!' + token - 4)));
    data.types.push_back(TokenType::normal);
  }
  data.scores.assign(size, 0.0f);
  data.unknown = 0;
  data.bos = 1;
  data.eos = 2;
  data.add_bos = true;
  data.add_space_prefix = true;
  data.end_of_generation = {2};
  return data;
}

}  // namespace

formats::ModelSource seeded_model(const formats::ModelConfig& config, std::uint64_t seed) {
  formats::ModelSource source;
  source.config = config;
  source.tokenizer = tokenizer(config.vocab_size);
  source.provenance.source = "seeded " + config.architecture;
  for (const formats::ExpectedTensor& tensor : formats::expected_tensors(config)) {
    source.tensors.push_back({tensor.name, tensor.shape,
                              [numbers = numbers_of(tensor, seed), cols = tensor.shape.cols](
                                  std::uint64_t begin, std::uint64_t count, std::span<float> out) {
                                const auto rows =
                                    std::span(numbers).subspan(begin * cols, count * cols);
                                std::copy(rows.begin(), rows.end(), out.begin());
                              }});
  }
  return source;
}

}  // namespace crayon::test
