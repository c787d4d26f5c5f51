#include "formats/importers/provenance.h"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.h"
#include "formats/hash.h"

namespace crayon::importers {
namespace {

constexpr std::uint64_t block_bytes = 1 << 20;

void hash_file(formats::Hasher& hasher, const File& file) {
  std::vector<std::uint8_t> block;
  for (std::uint64_t offset = 0; offset < file.size(); offset += block.size()) {
    block.resize(std::min(block_bytes, file.size() - offset));
    file.read_at(offset, block);
    hasher.update(block);
  }
}

/// Of a file or folder, which may be named with a slash behind it, or as ".".
std::string name_of(const std::filesystem::path& source) {
  std::error_code error;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(source, error);
  // An open file that was removed, as /dev/fd/3, has no other name any more.
  return (error ? source : resolved).filename().string();
}

}  // namespace

std::string tool_name() {
  return "crayon " CRAYON_VERSION;
}

formats::Provenance describe_source(const std::filesystem::path& source,
                                    std::span<const std::filesystem::path> files,
                                    std::string licence) {
  formats::Hasher hasher;
  for (const std::filesystem::path& path : files) {
    hash_file(hasher, File(path));
  }
  return {name_of(source), formats::to_hex(hasher.finish()), tool_name(), std::move(licence)};
}

}  // namespace crayon::importers
