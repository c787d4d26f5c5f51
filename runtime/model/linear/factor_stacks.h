#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "runtime/model/linear/factor_stack.h"

namespace crayon::model {

/// Remembers the stacks that are in use, and the last one: sessions that come and go with the same
/// adapters share one. Safe from several threads.
class FactorStacks {
 public:
  /// The stack of these adapters in this order, made when there is none.
  std::shared_ptr<const FactorStack> of(FactorStack::Adapters adapters,
                                        const formats::ModelConfig& config,
                                        const kernels::Layout& layout);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<const FactorStack>> known_;
  std::shared_ptr<const FactorStack> last_;
};

}  // namespace crayon::model
