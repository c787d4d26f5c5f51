// Rules that go by where entries stand, and by nothing else.

#include "runtime/context/rules/rules.h"

namespace crayon::context {
namespace {

/// Attention sinks and the last ones (Xiao et al. 2024, StreamingLLM).
class StreamingRule final : public Rule {
 public:
  explicit StreamingRule(std::uint32_t sinks) : sinks_(sinks) {}
  Needs needs() const override { return {}; }
  void choose(HeadView&, Selection& selection) const override {
    selection.take_first(sinks_);
    selection.take_last(selection.left());
  }

 private:
  std::uint32_t sinks_;
};

/// The middle is dropped.
class TruncateRule final : public Rule {
 public:
  Needs needs() const override { return {}; }
  void choose(HeadView&, Selection& selection) const override {
    selection.take_first(selection.left() / 2);
    selection.take_last(selection.left());
  }
};

}  // namespace

RulePointer make_streaming(const RuleOptions& options) {
  return std::make_unique<StreamingRule>(options.sinks);
}

RulePointer make_truncate(const RuleOptions&) {
  return std::make_unique<TruncateRule>();
}

}  // namespace crayon::context
