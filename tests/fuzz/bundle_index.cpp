// The index of a bundle, of any kind: what is read is written and read back as the same, and what
// the checks let pass has a shape that a reader can rely on.
#include "formats/bundle_index.h"

#include <algorithm>

#include "base/error.h"
#include "formats/bundle_layout.h"
#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

using formats::Index;

/// Where the data would have to end for the frames to fill it.
std::uint64_t end_of(const Index& index) {
  std::uint64_t end = formats::header_size;
  for (const formats::Frame& frame : index.frames) {
    end += frame.stored_size;
  }
  return end;
}

bool is_about_files(Code code) {
  return code >= Code::truncated && static_cast<int>(code) < 400;
}

void check(ByteSpan bytes) {
  try {
    const Index index = formats::decode_index(bytes);
    formats::check_index(index, end_of(index));
    const std::vector<std::uint8_t> written = formats::encode_index(index);
    const Index again = formats::decode_index(written);
    require(formats::encode_index(again) == written, "what is written reads as the same");
    std::uint64_t decoded = 0;
    for (const formats::Frame& frame : index.frames) {
      decoded += frame.decoded_size;
    }
    std::uint64_t tensors = 0;
    for (const formats::TensorEntry& tensor : index.info.tensors) {
      tensors += formats::stored_bytes(tensor.dtype, tensor.shape, tensor.name);
    }
    require(tensors == decoded, "the tensors fill the frames");
  } catch (const Error& error) {
    require(is_about_files(error.code()), "an error is about the file");
    require(std::string_view(error.what()).starts_with("index"), "an error names its place");
  }
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check({data, size});
  return 0;
}
