#include "base/file_mapping.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace crayon {

FileMapping::FileMapping(const File& file) {
  if (file.size() == 0) {
    throw Error(Code::malformed, fmt::format("{} is empty", file.path().string()),
                "make or fetch the file again");
  }
  void* const memory = ::mmap(nullptr, file.size(), PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (memory == MAP_FAILED) {
    throw Error(Code::io,
                fmt::format("cannot map {}: {}", file.path().string(), std::strerror(errno)),
                "free memory, or copy the file to a file system that can map files");
  }
  // Before anything is read, so that the system reads the file into large pages where it can.
  (void)::madvise(memory, file.size(), MADV_HUGEPAGE);
  bytes_ = {static_cast<const std::uint8_t*>(memory), static_cast<std::size_t>(file.size())};
}

FileMapping::FileMapping(FileMapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

FileMapping& FileMapping::operator=(FileMapping&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

FileMapping::~FileMapping() {
  if (!bytes_.empty()) {
    ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
  }
}

}  // namespace crayon
