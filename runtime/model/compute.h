#pragma once

#include <cstddef>
#include <functional>

#include "base/thread_pool.h"
#include "kernels/kernel_set.h"

namespace crayon::model {

/// What arithmetic runs on: the kernels and the threads that share a step's work. Neither is
/// owned.
struct Compute {
  const kernels::KernelSet* kernels = nullptr;
  ThreadPool* pool = nullptr;

  /// ThreadPool::parallel_for, handing `work` over by reference: nothing is allocated.
  template <typename Work>
  void parallel(std::size_t count, std::size_t grain, const Work& work) const {
    pool->parallel_for(count, grain, std::cref(work));
  }
};

}  // namespace crayon::model
