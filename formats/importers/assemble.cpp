#include "formats/importers/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"

namespace crayon::importers {
namespace {

// What the bundle has of a source tensor of the expected shape.
ReadRows view_of(const ReadRows& source, const ExpectedTensor& want) {
  ReadRows rows = source;
  if (want.vector) {
    if (want.shape != want.source_shape || want.interleaved_head != 0) {
      rows = part_of_vector(std::move(rows), want.source_shape.cols, want.first_row,
                            want.shape.cols, want.interleaved_head);
    }
    return want.plus_one ? plus_one(std::move(rows)) : rows;
  }
  if (want.transposed) {
    rows = transposed_rows(std::move(rows), want.source_shape, want.first_row, want.shape.rows);
  } else if (want.first_row != 0) {
    rows = rows_from(std::move(rows), want.first_row);
  }
  return want.interleaved_head == 0
             ? rows
             : half_split_rows(std::move(rows), want.interleaved_head, want.shape.cols);
}

void check_shape(const RawTensor& tensor, const ExpectedTensor& want, std::string_view where) {
  if (tensor.shape != want.source_shape) {
    throw Error(Code::bad_shape,
                fmt::format("{}: {} is {} x {}, but the configuration makes it {} x {}", where,
                            want.source, tensor.shape.rows, tensor.shape.cols,
                            want.source_shape.rows, want.source_shape.cols));
  }
}

void refuse_unused(const std::vector<RawTensor>& raw, const std::set<std::string_view>& used,
                   std::span<const std::string_view> harmless, std::string_view where) {
  for (const RawTensor& tensor : raw) {
    const auto ends = [&](std::string_view end) { return tensor.name.ends_with(end); };
    if (!used.contains(tensor.name) && !std::ranges::any_of(harmless, ends)) {
      throw Error(Code::unsupported,
                  fmt::format("{} has the tensor {}, which its architecture does not use", where,
                              tensor.name),
                  "the model is a variant that is not known; it would not compute the same");
    }
  }
}

}  // namespace

std::vector<formats::SourceTensor> assemble(std::vector<RawTensor> raw,
                                            const std::vector<ExpectedTensor>& expected,
                                            std::span<const std::string_view> harmless,
                                            std::string_view where) {
  std::map<std::string_view, const RawTensor*> by_name;
  for (const RawTensor& tensor : raw) {
    by_name.emplace(tensor.name, &tensor);
  }
  std::set<std::string_view> used;
  std::vector<formats::SourceTensor> tensors;
  tensors.reserve(expected.size());
  for (const ExpectedTensor& want : expected) {
    const auto found = by_name.find(want.source);
    if (found == by_name.end()) {
      throw Error(Code::missing_tensor, fmt::format("{} lacks the tensor {}", where, want.source),
                  "copy or convert the model again");
    }
    const RawTensor& tensor = *found->second;
    check_shape(tensor, want, where);
    if (tensor.check) {
      tensor.check();
    }
    used.insert(tensor.name);
    tensors.push_back({want.bundle, want.shape, view_of(tensor.read_rows, want)});
  }
  refuse_unused(raw, used, harmless, where);
  return tensors;
}

}  // namespace crayon::importers
