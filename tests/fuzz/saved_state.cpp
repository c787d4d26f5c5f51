// A saved state whose hashes are right, restored into a session: 2 bytes with the size of the
// index, the index, the numbers of the tensors (too few are repeated).
#include "runtime/context/saved_pot.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "formats/zstd_frame.h"
#include "tests/formats/bundle_samples.h"
#include "tests/fuzz/files.h"
#include "tests/fuzz/state_model.h"

namespace crayon::fuzz {
namespace {

using formats::Index;

constexpr std::uint64_t most_numbers = 1 << 20;  // bytes: a tensor of a session this small has less
constexpr std::uint32_t longest_context = 256;

std::uint64_t decoded_size(const Index& index) {
  std::uint64_t size = 0;
  for (const formats::TensorEntry& tensor : index.info.tensors) {
    size +=
        std::min(formats::stored_bytes(tensor.dtype, tensor.shape, tensor.name), most_numbers + 1);
  }
  return size;
}

/// The frames that `index` describes anew: `size` bytes, of `numbers` over and over.
std::vector<std::uint8_t> write_frames(Index& index, std::uint64_t size, ByteSpan numbers) {
  std::vector<std::uint8_t> decoded(size);
  for (std::size_t i = 0; i < size && !numbers.empty(); ++i) {
    decoded[i] = numbers[i % numbers.size()];
  }
  index.frames.clear();
  std::vector<std::uint8_t> frames;
  formats::FrameEncoder encoder;
  for (std::size_t at = 0; at < size; at += formats::max_decoded_size) {
    const auto count = std::min<std::size_t>(size - at, formats::max_decoded_size);
    const ByteSpan stored = encoder.encode(ByteSpan(decoded).subspan(at, count));
    index.frames.push_back({.offset = formats::header_size + frames.size(),
                            .stored_size = static_cast<std::uint32_t>(stored.size()),
                            .decoded_size = static_cast<std::uint32_t>(count),
                            .hash = formats::hash_of(stored)});
    frames.insert(frames.end(), stored.begin(), stored.end());
  }
  return frames;
}

/// Goes on from the state in a session as it asks for, and leaves one as it was that it refuses.
void restore(const formats::Bundle& bundle, const model::Model& model) {
  const formats::StateInfo& state = *bundle.info().state;
  model::Session session(model, std::clamp(state.context, 1u, longest_context), kv_of(state.kv));
  context::Pot pot(model, session, context::options_of(state));
  const std::vector<formats::Token> read = {1, 2, 3};
  pot.read(read, {});
  try {
    context::restore(pot, bundle, state.adapters);
  } catch (const Error& error) {
    require(session.position() == read.size() && pot.dropped() == 0,
            "what is refused changes nothing");
    throw;
  }
  require(session.position() == state.positions, "the state is where it was saved");
  for (int i = 0; i < 3; ++i) {
    pot.read(read, {});
  }
}

void check(ByteSpan input) {
  if (input.size() < 2) {
    return;
  }
  const std::size_t index_size = std::min<std::size_t>(input[0] | input[1] << 8, input.size() - 2);
  static const StateModel model;
  static const MemoryFolder folder({"state"});
  try {
    // Read into memory of its own, an index is aligned.
    const std::vector<std::uint8_t> stored(input.begin() + 2, input.begin() + 2 + index_size);
    Index index = formats::decode_index(stored);
    const std::uint64_t size = decoded_size(index);
    if (index.info.kind != formats::BundleKind::state || size > most_numbers) {
      return;
    }
    index.info.base = model->id();
    const std::vector<std::uint8_t> frames =
        write_frames(index, size, input.subspan(2 + index_size));
    const std::vector<std::uint8_t> file =
        test::assemble(formats::BundleKind::state, frames, formats::encode_index(index));
    folder.write("state", {reinterpret_cast<const char*>(file.data()), file.size()});
    restore(formats::Bundle::open(folder / "state"), *model);
  } catch (const Error& error) {
    const Code code = error.code();
    require(is_about_files(code) || code == Code::bad_argument,
            "an error is about the file or the session");
  }
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check({data, size});
  return 0;
}
