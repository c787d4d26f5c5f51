#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "base/memory_source.h"

namespace crayon::model {

/// `size` numbers at a 64-byte boundary: a cache line, and the widest vector of any kernel set.
/// Not initialised, so that pages nobody writes to are never touched.
template <typename T>
class AlignedArray {
  static_assert(std::is_arithmetic_v<T>);

 public:
  static constexpr std::size_t alignment = 64;

  AlignedArray() = default;
  /// From this thread's memory_source(). Throws out_of_memory.
  explicit AlignedArray(std::uint64_t size) : size_(static_cast<std::size_t>(size)) {
    const Free free{memory_source(), size_ * sizeof(T)};
    void* memory = nullptr;
    if (size <= std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T)) {
      memory = free.allocate();
    }
    if (memory == nullptr) {
      throw Error(Code::out_of_memory,
                  "no memory for " + std::to_string(size) + " numbers of " +
                      std::to_string(sizeof(T)) + " bytes",
                  "use a smaller model or context, or free memory");
    }
    data_ = {static_cast<T*>(memory), free};
  }

  /// Makes room for so many where there are fewer, which then are lost.
  void reserve(std::uint64_t size) {
    if (size_ < size) {
      *this = AlignedArray(size);
    }
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }
  void fill_zero() { std::memset(data(), 0, size_ * sizeof(T)); }

 private:
  struct Free {
    const MemorySource* source = nullptr;
    std::size_t bytes = 0;

    void* allocate() const {
      return source != nullptr ? source->allocate(source->user, bytes, alignment)
                               : ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
    }
    void operator()(T* memory) const {
      if (source != nullptr) {
        source->release(source->user, memory, bytes);
      } else {
        ::operator delete (memory, std::align_val_t{alignment}, std::nothrow);
      }
    }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace crayon::model
