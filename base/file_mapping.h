#pragma once

#include "base/bytes.h"
#include "base/file.h"

namespace crayon {

/// The bytes of a file, mapped to be read. They are as hostile as any file's, and a file that
/// someone shortens while it is mapped ends the process that reads beyond its end: map only what is
/// replaced as a whole, as AtomicFile does.
class FileMapping {
 public:
  /// Throws io, or malformed for an empty file.
  explicit FileMapping(const File& file);
  ~FileMapping();
  FileMapping(FileMapping&& other) noexcept;
  FileMapping& operator=(FileMapping&& other) noexcept;

  ByteSpan bytes() const { return bytes_; }

 private:
  ByteSpan bytes_;
};

}  // namespace crayon
