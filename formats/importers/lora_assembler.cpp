#include "formats/importers/lora_assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/packer.h"

namespace crayon::importers {
namespace {

using formats::Shape;

constexpr std::uint64_t largest_rank = 1 << 16;  // before the packer's own, lower limit

std::vector<float> read_whole(const RawTensor& tensor) {
  std::vector<float> values(tensor.shape.rows * tensor.shape.cols);
  tensor.read_rows(0, tensor.shape.rows, values);
  return values;
}

}  // namespace

LoraAssembler::LoraAssembler(const formats::ModelConfig& base, Naming naming, std::string where)
    : base_(base),
      architecture_(architecture_of(base)),
      naming_(naming),
      where_(std::move(where)) {}

void LoraAssembler::fail_unmatched(const std::string& tensor) const {
  throw Error(Code::unmatched_tensor,
              fmt::format("{}: {} matches nothing in the base", where_, tensor),
              "use an adapter of the linear layers of this model");
}

void LoraAssembler::add(const std::string& weight_name, Factor factor, RawTensor tensor) {
  const auto parts = find_projections(architecture_, base_, weight_name, naming_);
  if (parts.size() != 1) {  // none, or a fused weight
    fail_unmatched(tensor.name);
  }
  Pair& pair = pairs_[{parts[0].layer, parts[0].projection}];
  pair.weight_name = weight_name;
  RawTensor& slot = factor == Factor::a ? pair.a : pair.b;
  if (!slot.name.empty()) {
    throw Error(Code::malformed,
                fmt::format("{}: {} and {} are the same factor", where_, slot.name, tensor.name));
  }
  slot = std::move(tensor);
}

formats::SourceLora LoraAssembler::read(const Pair& pair, std::uint32_t layer,
                                        formats::Projection projection) const {
  if (pair.a.name.empty() || pair.b.name.empty()) {
    const bool lacks_b = pair.b.name.empty();
    throw Error(Code::bad_shape,
                fmt::format("{}: {} is there, but its partner {} is not", where_,
                            lacks_b ? pair.a.name : pair.b.name, lacks_b ? "B" : "A"));
  }
  const auto [outputs, inputs] = formats::projection_shape(base_, projection);
  const std::uint64_t rank = pair.a.shape.rows;
  const auto check_shape = [&](const RawTensor& tensor, Shape want) {
    if (tensor.shape != want) {
      throw Error(Code::bad_shape,
                  fmt::format("{}: {} is {} x {}, but rank {} on the base's {} ({} x {}) needs "
                              "{} x {}",
                              where_, tensor.name, tensor.shape.rows, tensor.shape.cols, rank,
                              formats::projection(layer, projection), outputs, inputs, want.rows,
                              want.cols));
    }
  };
  if (rank > largest_rank) {
    throw Error(Code::over_limit, fmt::format("{}: {} has rank {}", where_, pair.a.name, rank));
  }
  check_shape(pair.a, {rank, inputs});
  check_shape(pair.b, {outputs, rank});
  RawTensor b = pair.b;
  if (const auto head = interleaved_head(architecture_, base_, projection, naming_); head != 0) {
    b.read_rows = half_split_rows(std::move(b.read_rows), head, rank);
  }
  return {layer, projection, static_cast<std::uint32_t>(rank), read_whole(pair.a), read_whole(b)};
}

formats::AdapterSource LoraAssembler::finish(
    const std::function<float(const std::string& weight_name, std::uint32_t rank)>& scale_of) {
  if (pairs_.empty()) {
    throw Error(Code::unsupported_adapter, fmt::format("{} has no LoRA factors", where_));
  }
  formats::AdapterSource adapter;
  bool first = true;
  for (const auto& [target, pair] : pairs_) {
    formats::SourceLora lora = read(pair, target.first, target.second);
    const float scale = scale_of(pair.weight_name, lora.rank);
    if (!std::isfinite(scale) || scale == 0.0f) {
      throw Error(Code::corrupt,
                  fmt::format("{}: the scale of {} is {}", where_, pair.weight_name, scale));
    }
    if (first) {
      adapter.scale = scale;
      first = false;
    } else if (scale != adapter.scale) {
      for (float& value : lora.b) {
        value *= scale / adapter.scale;
      }
    }
    adapter.rank = std::max(adapter.rank, lora.rank);
    adapter.factors.push_back(std::move(lora));
  }
  return adapter;
}

}  // namespace crayon::importers
