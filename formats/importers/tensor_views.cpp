#include "formats/importers/tensor_views.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace crayon::importers {
namespace {

class TransposedMatrix {
 public:
  TransposedMatrix(ReadRows stored, formats::Shape shape, std::uint64_t first, std::uint64_t rows)
      : stored_(std::move(stored)), shape_(shape), first_(first), rows_(rows) {}

  void read(std::uint64_t begin, std::uint64_t count, std::span<float> out) {
    const std::lock_guard lock(mutex_);
    if (values_.empty()) {
      load();
    }
    const std::uint64_t inputs = shape_.rows;
    std::ranges::copy(std::span<const float>(values_).subspan(begin * inputs, count * inputs),
                      out.begin());
    if (begin + count == rows_) {  // packers read front to back
      values_ = {};
    }
  }

 private:
  void load() {
    const std::uint64_t inputs = shape_.rows;
    std::vector<float> values(rows_ * inputs);
    std::vector<float> stored(shape_.cols);
    for (std::uint64_t input = 0; input < inputs; ++input) {
      stored_(input, 1, stored);
      for (std::uint64_t row = 0; row < rows_; ++row) {
        values[row * inputs + input] = stored[first_ + row];
      }
    }
    values_ = std::move(values);
  }

  ReadRows stored_;
  formats::Shape shape_;
  std::uint64_t first_;
  std::uint64_t rows_;
  std::mutex mutex_;
  std::vector<float> values_;  // [rows][inputs], or empty
};

}  // namespace

ReadRows rows_from(ReadRows whole, std::uint64_t first) {
  return
      [whole = std::move(whole), first](std::uint64_t begin, std::uint64_t count,
                                        std::span<float> out) { whole(first + begin, count, out); };
}

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

ReadRows transposed_rows(ReadRows stored, formats::Shape shape, std::uint64_t first,
                         std::uint64_t rows) {
  const auto matrix = std::make_shared<TransposedMatrix>(std::move(stored), shape, first, rows);
  return [matrix](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
    matrix->read(begin, count, out);
  };
}

ReadRows part_of_vector(ReadRows vector, std::uint64_t total, std::uint64_t first,
                        std::uint64_t count, std::uint32_t head) {
  return [vector = std::move(vector), total, first, count, head](std::uint64_t, std::uint64_t rows,
                                                                 std::span<float> out) {
    if (rows == 0) {
      return;
    }
    std::vector<float> numbers(total);
    vector(0, 1, numbers);
    // A number is a row of one column.
    ReadRows part = [&](std::uint64_t begin, std::uint64_t some, std::span<float> to) {
      std::ranges::copy(std::span<const float>(numbers).subspan(first + begin, some), to.begin());
    };
    if (head != 0) {
      part = half_split_rows(std::move(part), head, 1);
    }
    part(0, count, out);
  };
}

ReadRows plus_one(ReadRows tensor) {
  return
      [tensor = std::move(tensor)](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
        tensor(begin, count, out);
        for (float& value : out) {
          value += 1.0f;
        }
      };
}

}  // namespace crayon::importers
