#include "cli/encoder/npy.h"

#include <fmt/format.h>

#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace crayon::cli {

void write_npy(std::span<const float> values, std::size_t cols, const std::filesystem::path& path) {
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
                  values.size() / cols, cols);
  // The numbers begin at a multiple of 64 bytes, behind 10 bytes, the header and a line break.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 0xff);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  AtomicFile file(path);
  file.write(as_bytes(std::span<const char>(start)));
  file.write(as_bytes(values));
  file.commit();
}

}  // namespace crayon::cli
