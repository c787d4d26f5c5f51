#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/core_choice.h"
#include "base/error.h"
#include "base/half.h"
#include "base/thread_pool.h"
#include "formats/architecture.h"
#include "formats/error_context.h"
#include "formats/packer.h"
#include "formats/quantize.h"

namespace crayon::formats {
namespace {

// Rows are read, converted and written in blocks of about 1 MiB of floats: large enough for
// sequential reading, small beside any model.
constexpr std::uint64_t block_floats = 1u << 18;

using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

std::string describe(Shape shape) {
  return fmt::format("[{}][{}]", shape.rows, shape.cols);
}

// The source's tensors in the order of `expected`: all of them, no other, each with its shape.
std::vector<const SourceTensor*> match(const ModelSource& source,
                                       const std::vector<ExpectedTensor>& expected) {
  std::unordered_map<std::string_view, const SourceTensor*> by_name;
  for (const SourceTensor& tensor : source.tensors) {
    if (!by_name.emplace(tensor.name, &tensor).second) {
      throw Error(Code::corrupt, fmt::format("{}: there are two tensors {}",
                                             source.provenance.source, tensor.name));
    }
  }
  std::vector<const SourceTensor*> matched;
  for (const ExpectedTensor& wanted : expected) {
    const auto found = by_name.find(wanted.name);
    if (found == by_name.end()) {
      throw Error(Code::missing_tensor,
                  fmt::format("{}: there is no tensor {}", source.provenance.source, wanted.name),
                  "the source is incomplete, or of another architecture");
    }
    if (found->second->shape != wanted.shape) {
      throw Error(Code::bad_shape,
                  fmt::format("{}: tensor {} is {} where the configuration needs {}",
                              source.provenance.source, wanted.name, describe(found->second->shape),
                              describe(wanted.shape)));
    }
    matched.push_back(found->second);
    by_name.erase(found);
  }
  if (!by_name.empty()) {
    // The first in the source's order, so that the sentence is the same each time.
    const auto extra =
        std::find_if(source.tensors.begin(), source.tensors.end(),
                     [&](const SourceTensor& tensor) { return by_name.contains(tensor.name); });
    throw Error(Code::architecture,
                fmt::format("{}: tensor {} has no place in a {} model", source.provenance.source,
                            extra->name, source.config.architecture),
                "the model needs an architecture that this version does not know");
  }
  return matched;
}

Dtype stored_dtype(TensorRole role, const PackOptions& options) {
  switch (role) {
    case TensorRole::vector:
    case TensorRole::scales:
      return Dtype::f32;
    case TensorRole::positions:
      // A few megabytes at most; what is added to every token is worth more than eight bits.
      return options.weights == Dtype::f32 ? Dtype::f32 : Dtype::f16;
    case TensorRole::projection:
      return options.weights;
    case TensorRole::embedding:
    case TensorRole::head:
      return options.head;
  }
  return Dtype::f32;
}

class ModelPacker {
 public:
  ModelPacker(const ModelSource& source, const PackOptions& options, BundleWriter& writer,
              const Progress& progress)
      : source_(source), options_(options), writer_(writer), progress_(progress) {}

  void pack() {
    const std::vector<ExpectedTensor> expected =
        expected_tensors(source_.config, source_.image ? &*source_.image : nullptr);
    const std::vector<const SourceTensor*> tensors = match(source_, expected);
    for (const ExpectedTensor& tensor : expected) {
      total_ += tensor.shape.rows * tensor.shape.cols;
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      pack_tensor(*tensors[i], stored_dtype(expected[i].role, options_));
    }
  }

 private:
  void pack_tensor(const SourceTensor& tensor, Dtype dtype) {
    const auto [rows, cols] = tensor.shape;
    const std::uint64_t block_rows = std::max<std::uint64_t>(1, block_floats / cols);
    std::vector<float> scales;  // [rows] of i8, written behind the numbers
    writer_.begin_tensor(tensor.name, dtype, tensor.shape);
    for (std::uint64_t begin = 0; begin < rows; begin += block_rows) {
      const std::uint64_t count = std::min(block_rows, rows - begin);
      block_.resize(count * cols);
      tensor.read_rows(begin, count, block_);
      check_finite(tensor, begin, dtype);
      write_block(dtype, cols, scales);
      done_ += block_.size();
      if (progress_) {
        progress_(done_, total_);
      }
    }
    writer_.write(as_bytes(std::span<const float>(scales)));
  }

  void write_block(Dtype dtype, std::uint64_t cols, std::vector<float>& scales) {
    switch (dtype) {
      case Dtype::f32:
        writer_.write(as_bytes(std::span<const float>(block_)));
        return;
      case Dtype::f16:
        halves_.resize(block_.size());
        std::transform(block_.begin(), block_.end(), halves_.begin(), f32_to_f16);
        writer_.write(as_bytes(std::span<const std::uint16_t>(halves_)));
        return;
      case Dtype::i8:
        bytes_.resize(block_.size());
        for (std::size_t i = 0; i < block_.size(); i += cols) {
          scales.push_back(quantize_row_i8(std::span<const float>(block_).subspan(i, cols),
                                           std::span<std::int8_t>(bytes_).subspan(i, cols)));
        }
        writer_.write(as_bytes(std::span<const std::int8_t>(bytes_)));
        return;
      case Dtype::i4:
        write_i4(cols);
        return;
    }
  }

  void write_i4(std::uint64_t cols) {
    const std::size_t rows = block_.size() / cols;
    const std::size_t row_bytes = i4_row_bytes(cols);
    stored_.resize(rows * row_bytes);
    // The search for scales takes longer than all else.
    pool_.parallel_for(rows, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        quantize_row_i4(std::span<const float>(block_).subspan(row * cols, cols),
                        MutableByteSpan(stored_).subspan(row * row_bytes, row_bytes));
      }
    });
    writer_.write(stored_);
  }

  // Numbers must be below.
  static float limit_of(Dtype dtype) {
    switch (dtype) {
      case Dtype::f16:
        return 65520.0f;  // from here on, rounding to f16 gives infinity
      case Dtype::i4:
        return largest_i4;
      case Dtype::i8:
      case Dtype::f32:
        break;
    }
    return INFINITY;
  }

  // `begin` is the row of the tensor at which block_ starts.
  void check_finite(const SourceTensor& tensor, std::uint64_t begin, Dtype dtype) const {
    const float limit = limit_of(dtype);
    const auto bad = std::find_if(block_.begin(), block_.end(), [&](float value) {
      return !(std::fabs(value) < limit);  // NaN compares false
    });
    if (bad == block_.end()) {
      return;
    }
    const auto row = begin + static_cast<std::uint64_t>(bad - block_.begin()) / tensor.shape.cols;
    const std::string where =
        fmt::format("{}: tensor {}, row {}", source_.provenance.source, tensor.name, row);
    if (std::isfinite(*bad)) {
      throw Error(Code::over_limit,
                  fmt::format("{}: {} is too large for {}", where, *bad, dtype_name(dtype)),
                  "store the weights as int8 or f32");
    }
    throw Error(Code::corrupt, where + ": not a finite number", "get the model again");
  }

  const ModelSource& source_;
  const PackOptions& options_;
  BundleWriter& writer_;
  const Progress& progress_;
  ThreadPool pool_{default_threads()};
  std::vector<float> block_;  // [rows of the block][cols]
  std::vector<std::uint16_t> halves_;
  std::vector<std::int8_t> bytes_;
  std::vector<std::uint8_t> stored_;  // rows of i4
  std::uint64_t done_ = 0;            // weights
  std::uint64_t total_ = 0;
};

}  // namespace

Hash pack_model(const ModelSource& source, const PackOptions& options,
                const std::filesystem::path& path, const Progress& progress) {
  // Before the hours of work that a large model takes.
  in_file(source.provenance.source, [&] {
    check(source.config);
    check(source.tokenizer);
    if (source.image) {
      check(*source.image, source.config);
    }
  });
  BundleWriter writer(path, source.image ? BundleKind::encoder : BundleKind::model);
  ModelPacker(source, options, writer, progress).pack();
  BundleInfo info;
  info.provenance = packed_provenance(source.provenance);
  info.config = source.config;
  info.tokenizer = source.tokenizer;
  info.image = source.image;
  return writer.finish(std::move(info));
}

}  // namespace crayon::formats
