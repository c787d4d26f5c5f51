// Rules that keep what some tokens attend to.

#include <algorithm>

#include "runtime/context/rules/rules.h"

namespace crayon::context {
namespace {

/// InfiniPot's CaP (Kim et al. 2024): the tokens of a prompt that asks for what matters.
class CatalystRule final : public Rule {
 public:
  Needs needs() const override { return {.catalyst = true}; }
  void choose(HeadView& head, Selection& selection) const override {
    selection.take_best(head.attention(), selection.left());
  }
};

/// SnapKV (Li et al. 2024, section 4): the last tokens vote, a vote counts for its neighbours too,
/// so that what belongs together stays together, and the voters stay.
class SnapKvRule final : public Rule {
 public:
  explicit SnapKvRule(const RuleOptions& options)
      : observed_(options.observed), reach_(options.pooled / 2) {}

  Needs needs() const override { return {.queries = observed_}; }

  void choose(HeadView& head, Selection& selection) const override {
    selection.take_last(observed_);
    selection.take_best(pooled(head), selection.left());
  }

 private:
  /// The largest attention among each entry's neighbours.
  std::span<const float> pooled(HeadView& head) const {
    const std::span<const float> attention = head.attention();
    const std::span<float> scores = head.scratch();
    for (std::size_t i = 0; i < attention.size(); ++i) {
      const std::size_t begin = i < reach_ ? 0 : i - reach_;
      const std::size_t end = std::min(i + reach_ + 1, attention.size());
      scores[i] = *std::max_element(attention.begin() + static_cast<std::ptrdiff_t>(begin),
                                    attention.begin() + static_cast<std::ptrdiff_t>(end));
    }
    return scores;
  }

  std::uint32_t observed_;
  std::size_t reach_;
};

/// TOVA (Oren et al. 2024): what the last token attends to. The authors drop one entry a token, the
/// same for all heads of a layer; here many go at once, each head's own.
class TovaRule final : public Rule {
 public:
  Needs needs() const override { return {.queries = 1}; }
  void choose(HeadView& head, Selection& selection) const override {
    selection.take_best(head.attention(), selection.left());
  }
};

}  // namespace

RulePointer make_cap(const RuleOptions&) {
  return std::make_unique<CatalystRule>();
}

RulePointer make_snapkv(const RuleOptions& options) {
  return std::make_unique<SnapKvRule>(options);
}

RulePointer make_tova(const RuleOptions&) {
  return std::make_unique<TovaRule>();
}

}  // namespace crayon::context
