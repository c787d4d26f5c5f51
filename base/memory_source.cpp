#include "base/memory_source.h"

#include <utility>

namespace crayon {
namespace {

// Not an argument of every constructor on the way from a handle of the C interface to an array: all
// of them would have to know of what none of them decides.
thread_local const MemorySource* current = nullptr;

}  // namespace

const MemorySource* memory_source() {
  return current;
}

UseMemorySource::UseMemorySource(const MemorySource* source)
    : before_(std::exchange(current, source)) {}

UseMemorySource::~UseMemorySource() {
  current = before_;
}

}  // namespace crayon
