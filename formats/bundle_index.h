#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "formats/bundle.h"

namespace crayon::formats {

/// What the index of a bundle says, as plain structs.
struct Index {
  BundleInfo info;
  std::vector<Frame> frames;
};

/// Index -> FlatBuffer (bundle.fbs). Throws over_limit beyond 16 MiB. Checks nothing else.
std::vector<std::uint8_t> encode_index(const Index& index);

/// FlatBuffer -> Index. The bytes may be anything: their structure, the ranges of the enums and
/// the limits on what is copied are checked. What the numbers mean is for check_index.
Index decode_index(ByteSpan bytes);

/// Throws, naming the field, unless the frames fill the file from header to `data_end`, the
/// tensors fill the frames, names are unique, and everything that the kind needs is there and
/// nothing else.
void check_index(const Index& index, std::uint64_t data_end);

}  // namespace crayon::formats
