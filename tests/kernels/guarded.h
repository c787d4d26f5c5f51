#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <span>

#include "tests/support/support.h"

namespace crayon::test {

/// An array between two pages that may not be touched. Its end lies at the second one, so that
/// reading or writing behind it is a signal; with `alignment`, up to alignment - 1 bytes remain.
template <typename T>
class Guarded {
 public:
  explicit Guarded(std::size_t count, std::size_t alignment = alignof(T)) : count_(count) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t inner = (count * sizeof(T) + alignment + page - 1) / page * page;
    bytes_ = inner + 2 * page;
    void* memory = mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw Error(Code::out_of_memory, "no memory for a guarded array");
    }
    memory_ = static_cast<std::byte*>(memory);
    mprotect(memory_ + page, inner, PROT_READ | PROT_WRITE);
    const std::size_t start = (inner - count * sizeof(T)) / alignment * alignment;
    data_ = reinterpret_cast<T*>(memory_ + page + start);
  }
  ~Guarded() { munmap(memory_, bytes_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + count_; }

 private:
  std::size_t count_;
  std::size_t bytes_ = 0;
  std::byte* memory_ = nullptr;
  T* data_ = nullptr;
};

}  // namespace crayon::test
