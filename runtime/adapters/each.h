#pragma once

#include <cstddef>
#include <exception>
#include <vector>

#include "base/thread_pool.h"

namespace crayon::adapters {

/// work(i) for every i below `count`, shared out over `threads`. Unlike that of a ThreadPool, work
/// may throw: the error of the lowest i is thrown here when all are done.
template <typename Work>
void for_each(std::size_t count, ThreadPool& threads, const Work& work) {
  std::vector<std::exception_ptr> errors(count);
  threads.parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      try {
        work(i);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    }
  });
  for (const std::exception_ptr& error : errors) {
    if (error) {
      std::rethrow_exception(error);
    }
  }
}

}  // namespace crayon::adapters
