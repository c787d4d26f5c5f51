#include "formats/importers/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"

namespace crayon::importers {

ReadRows half_split_rows(ReadRows interleaved, std::uint32_t head, std::uint64_t cols) {
  return [interleaved = std::move(interleaved), head, cols](
             std::uint64_t begin, std::uint64_t count, std::span<float> out) {
    const std::uint64_t half = head / 2;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t row = begin + i;
      const std::uint64_t in_head = row % head;
      const std::uint64_t source = row - in_head + 2 * (in_head % half) + in_head / half;
      interleaved(source, 1, out.subspan(i * cols, cols));
    }
  };
}

std::vector<formats::SourceTensor> assemble(std::vector<RawTensor> raw,
                                            const std::vector<ExpectedTensor>& expected,
                                            std::span<const std::string_view> harmless,
                                            std::string_view where) {
  std::map<std::string_view, RawTensor*> unused;
  for (RawTensor& tensor : raw) {
    unused.emplace(tensor.name, &tensor);
  }
  std::vector<formats::SourceTensor> tensors;
  tensors.reserve(expected.size());
  for (const ExpectedTensor& want : expected) {
    const auto found = unused.find(want.source);
    if (found == unused.end()) {
      throw Error(Code::missing_tensor, fmt::format("{} lacks the tensor {}", where, want.source),
                  "copy or convert the model again");
    }
    RawTensor& tensor = *found->second;
    if (tensor.shape != want.shape) {
      throw Error(Code::bad_shape,
                  fmt::format("{}: {} is {} x {}, but the configuration makes it {} x {}", where,
                              want.source, tensor.shape.rows, tensor.shape.cols, want.shape.rows,
                              want.shape.cols));
    }
    unused.erase(found);
    tensors.push_back({want.bundle, want.shape,
                       want.interleaved_head == 0
                           ? std::move(tensor.read_rows)
                           : half_split_rows(std::move(tensor.read_rows), want.interleaved_head,
                                             want.shape.cols)});
  }
  for (const auto& [name, tensor] : unused) {
    const bool known = std::ranges::any_of(
        harmless, [&name = name](std::string_view end) { return name.ends_with(end); });
    if (!known) {
      throw Error(
          Code::unsupported,
          fmt::format("{} has the tensor {}, which its architecture does not use", where, name),
          "the model is a variant that is not known; it would not compute the same");
    }
  }
  return tensors;
}

}  // namespace crayon::importers
