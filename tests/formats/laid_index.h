#pragma once

#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"

namespace crayon::test {

/// Where the frame of an index that lay() was given ends.
inline constexpr std::uint64_t data_end = formats::header_size + 300;

/// Lays the tensors of a hand-made index end to end, in one frame.
inline void lay(formats::Index& index) {
  std::uint32_t end = 0;
  for (formats::TensorEntry& tensor : index.info.tensors) {
    tensor.offset = end;
    end +=
        static_cast<std::uint32_t>(formats::stored_bytes(tensor.dtype, tensor.shape, tensor.name));
  }
  index.frames = {
      {.offset = formats::header_size, .stored_size = 300, .decoded_size = end, .hash = {}}};
}

}  // namespace crayon::test
