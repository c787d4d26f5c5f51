// Rules that keep what the model did not expect (InfiniPot's NuC; Kim et al. 2024).

#include <cmath>

#include "runtime/context/rules/rules.h"

namespace crayon::context {
namespace {

class SurpriseRule final : public Rule {
 public:
  Needs needs() const override { return {.surprise = true}; }
  void choose(HeadView& head, Selection& selection) const override {
    selection.take_best(head.surprise(), selection.left());
  }
};

/// A share by surprise, and then the rest by the attention of the catalyst prompt.
class InfiniPotRule final : public Rule {
 public:
  explicit InfiniPotRule(float surprise_share) : share_(surprise_share) {}

  Needs needs() const override { return {.surprise = true, .catalyst = true}; }

  void choose(HeadView& head, Selection& selection) const override {
    const float surprising = std::round(share_ * static_cast<float>(selection.left()));
    selection.take_best(head.surprise(), static_cast<std::uint32_t>(surprising));
    if (selection.left() != 0) {
      selection.take_best(head.attention(), selection.left());
    }
  }

 private:
  float share_;
};

}  // namespace

RulePointer make_nuc(const RuleOptions&) {
  return std::make_unique<SurpriseRule>();
}

RulePointer make_infinipot(const RuleOptions& options) {
  return std::make_unique<InfiniPotRule>(options.surprise_share);
}

}  // namespace crayon::context
