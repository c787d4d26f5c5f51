#include "formats/importers/lora_assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

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

void scale_by(std::vector<float>& values, float factor) {
  for (float& value : values) {
    value *= factor;
  }
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
  auto parts = find_projections(architecture_, base_, weight_name, naming_);
  if (parts.empty()) {
    fail_unmatched(tensor.name);
  }
  Pair& pair = pairs_[{parts[0].layer, parts[0].projection}];
  pair.weight_name = weight_name;
  pair.parts = std::move(parts);
  RawTensor& slot = factor == Factor::a ? pair.a : pair.b;
  if (!slot.name.empty()) {
    throw Error(Code::malformed,
                fmt::format("{}: {} and {} are the same factor", where_, slot.name, tensor.name));
  }
  slot = std::move(tensor);
}

void LoraAssembler::check(const Pair& pair) const {
  if (pair.a.name.empty() || pair.b.name.empty()) {
    const bool lacks_b = pair.b.name.empty();
    throw Error(Code::bad_shape,
                fmt::format("{}: {} is there, but its partner {} is not", where_,
                            lacks_b ? pair.a.name : pair.b.name, lacks_b ? "B" : "A"));
  }
  const ProjectionPart& last = pair.parts.back();
  const std::uint64_t outputs = last.first_row + last.rows;
  const std::uint64_t inputs = formats::projection_shape(base_, last.projection).cols;
  const std::uint64_t rank = pair.a.shape.rows;
  std::string names;
  for (const ProjectionPart& part : pair.parts) {
    names += (names.empty() ? "" : " with ") + formats::projection(part.layer, part.projection);
  }
  const auto check_shape = [&](const RawTensor& tensor, Shape want) {
    if (tensor.shape != want) {
      throw Error(Code::bad_shape,
                  fmt::format("{}: {} is {} x {}, but rank {} on the base's {} ({} x {}) needs "
                              "{} x {}",
                              where_, tensor.name, tensor.shape.rows, tensor.shape.cols, rank,
                              names, outputs, inputs, want.rows, want.cols));
    }
  };
  if (rank > largest_rank) {
    throw Error(Code::over_limit, fmt::format("{}: {} has rank {}", where_, pair.a.name, rank));
  }
  check_shape(pair.a, {rank, inputs});
  check_shape(pair.b, {outputs, rank});
}

std::vector<float> LoraAssembler::read_b(const Pair& pair, const ProjectionPart& part) const {
  const std::uint64_t rank = pair.b.shape.cols;
  RawTensor b{pair.b.name, {part.rows, rank}, rows_from(pair.b.read_rows, part.first_row)};
  if (const auto head = interleaved_head(architecture_, base_, part.projection, naming_)) {
    b.read_rows = half_split_rows(std::move(b.read_rows), head, rank);
  }
  return read_whole(b);
}

std::vector<formats::SourceLora> LoraAssembler::read(const Pair& pair) const {
  check(pair);
  const std::vector<float> a = read_whole(pair.a);
  std::vector<formats::SourceLora> factors;
  for (const ProjectionPart& part : pair.parts) {
    factors.push_back({part.layer, part.projection, static_cast<std::uint32_t>(pair.a.shape.rows),
                       a, read_b(pair, part)});
  }
  return factors;
}

formats::AdapterSource LoraAssembler::finish(
    const std::function<float(const std::string& weight_name, std::uint32_t rank)>& scale_of) {
  if (pairs_.empty()) {
    throw Error(Code::unsupported_adapter, fmt::format("{} has no LoRA factors", where_));
  }
  formats::AdapterSource adapter;
  bool first = true;
  for (const auto& [target, pair] : pairs_) {
    std::vector<formats::SourceLora> factors = read(pair);
    const float scale = scale_of(pair.weight_name, factors.front().rank);
    if (!std::isfinite(scale) || scale == 0.0f) {
      throw Error(Code::corrupt,
                  fmt::format("{}: the scale of {} is {}", where_, pair.weight_name, scale));
    }
    if (first) {
      adapter.scale = scale;
      first = false;
    } else if (scale != adapter.scale) {
      for (formats::SourceLora& lora : factors) {
        scale_by(lora.b, scale / adapter.scale);
      }
    }
    adapter.rank = std::max(adapter.rank, factors.front().rank);
    std::ranges::move(factors, std::back_inserter(adapter.factors));
  }
  return adapter;
}

}  // namespace crayon::importers
