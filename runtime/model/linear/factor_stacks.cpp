#include "runtime/model/linear/factor_stacks.h"

namespace crayon::model {

std::shared_ptr<const FactorStack> FactorStacks::of(FactorStack::Adapters adapters,
                                                    const formats::ModelConfig& config,
                                                    const kernels::Layout& layout) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const auto& stack) { return stack.expired(); });
  for (const std::weak_ptr<const FactorStack>& weak : known_) {
    const std::shared_ptr<const FactorStack> stack = weak.lock();
    if (stack && stack->adapters() == adapters) {
      last_ = stack;
      return stack;
    }
  }
  last_ = std::make_shared<const FactorStack>(std::move(adapters), config, layout);
  known_.push_back(last_);
  return last_;
}

}  // namespace crayon::model
