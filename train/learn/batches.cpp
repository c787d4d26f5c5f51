#include "train/learn/batches.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace crayon::train {
namespace {

// Batches of like length are cut from so many batches' worth of shuffled examples.
constexpr std::int64_t window_batches = 32;

template <typename T>
void shuffle(std::vector<T>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[random.below(i)]);
  }
}

std::int64_t length_of(const Shard& shard, std::int64_t example) {
  const auto index = static_cast<std::size_t>(example);
  return shard.starts[index + 1] - shard.starts[index];
}

}  // namespace

torch::Tensor Batch::without_padding(const torch::Tensor& x) const {
  return mask.defined() ? x * mask.to(x.scalar_type()) : x;
}

void Batch::to(torch::Device device) {
  ids = ids.to(device);
  positions = positions.to(device);
  labels = labels.to(device);
  weights = weights.to(device);
  mask = mask.defined() ? mask.to(device) : mask;
}

Batch make_batch(const Shard& shard, const std::vector<std::int64_t>& examples,
                 const LossWeights& weights, std::int64_t longest) {
  std::int64_t time = 1;
  for (const std::int64_t example : examples) {
    time = std::max(time, std::min(longest, length_of(shard, example)));
  }
  const auto count = static_cast<std::int64_t>(examples.size());
  Batch batch;
  batch.examples = examples;
  batch.ids = torch::zeros({count, time}, torch::kInt64);
  std::vector<std::int64_t> positions, labels;
  std::vector<float> shares;
  double total = 0;
  auto ids = batch.ids.accessor<std::int64_t, 2>();
  const torch::Tensor mask = torch::zeros({count, time, 1});
  for (std::int64_t row = 0; row < count; ++row) {
    const auto example = static_cast<std::size_t>(examples[static_cast<std::size_t>(row)]);
    const std::int64_t whole = length_of(shard, static_cast<std::int64_t>(example));
    const std::int64_t length = std::min(longest, whole);
    const std::int64_t answer = shard.answers[example];
    const std::int64_t cut = answer > 0 ? whole - length : 0;
    const std::int32_t* source = shard.ids.data() + shard.starts[example] + cut;
    const std::int64_t prompt = std::max<std::int64_t>(0, answer - cut);
    batch.prompt_lengths.push_back(prompt);
    batch.tokens += length;
    mask[row].narrow(0, 0, length).fill_(1);
    for (std::int64_t t = 0; t < length; ++t) {
      ids[row][t] = source[t];
      const float share = answer == 0 ? weights.text : t < prompt ? weights.prompt : weights.answer;
      if (t > 0 && share > 0) {
        positions.push_back(row * time + t - 1);
        labels.push_back(source[t]);
        shares.push_back(share);
        total += share;
      }
    }
  }
  if (batch.tokens < count * time) {
    batch.mask = mask;
  }
  batch.positions = torch::tensor(positions, torch::kInt64);
  batch.labels = torch::tensor(labels, torch::kInt64);
  batch.weights = torch::tensor(shares) / std::max(total, 1e-9);
  return batch;
}

std::vector<std::int64_t> first_examples(const Shard& shard, std::int64_t tokens,
                                         std::int64_t longest) {
  std::vector<std::int64_t> examples;
  const auto count = static_cast<std::int64_t>(shard.answers.size());
  for (std::int64_t held = 0, e = 0; e < count && held < tokens; ++e) {
    examples.push_back(e);
    held += std::min(longest, length_of(shard, e));
  }
  return examples;
}

std::vector<std::vector<std::int64_t>> by_length(const Shard& shard,
                                                 std::vector<std::int64_t> examples,
                                                 std::int64_t tokens, std::int64_t longest) {
  std::ranges::stable_sort(examples, {}, [&](std::int64_t e) { return length_of(shard, e); });
  std::vector<std::vector<std::int64_t>> batches;
  for (const std::int64_t example : examples) {
    // Sorted: the newcomer is the longest, and gives the padded length.
    const std::int64_t length = std::min(longest, length_of(shard, example));
    const bool full =
        !batches.empty() && length * static_cast<std::int64_t>(batches.back().size() + 1) > tokens;
    if (batches.empty() || full) {
      batches.emplace_back();
    }
    batches.back().push_back(example);
  }
  return batches;
}

Batcher::Batcher(const Shard& shard, std::int64_t tokens, std::int64_t longest, std::uint64_t seed)
    : shard_(shard),
      tokens_(tokens),
      longest_(longest),
      random_(seed),
      order_(shard.answers.size()) {
  if (order_.empty()) {
    throw Error(Code::bad_argument, "a token shard holds no examples",
                "encode files that have some");
  }
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  used_ = order_.size();
}

void Batcher::plan_window() {
  if (used_ == order_.size()) {
    shuffle(order_, random_);
    used_ = 0;
  }
  std::vector<std::int64_t> window;
  for (std::int64_t held = 0; used_ < order_.size() && held < window_batches * tokens_; ++used_) {
    window.push_back(order_[used_]);
    held += length_of(shard_, order_[used_]);
  }
  planned_ = by_length(shard_, std::move(window), tokens_, longest_);
  shuffle(planned_, random_);
}

std::vector<std::int64_t> Batcher::next() {
  if (planned_.empty()) {
    plan_window();
  }
  std::vector<std::int64_t> batch = std::move(planned_.back());
  planned_.pop_back();
  return batch;
}

}  // namespace crayon::train
