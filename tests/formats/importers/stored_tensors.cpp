#include "tests/formats/importers/stored_tensors.h"

#include <algorithm>

namespace crayon::test {
namespace {

using importers::ExpectedTensor;

// Where a row that is in half-split order lies in interleaved heads.
std::uint64_t interleaved_row(std::uint64_t row, std::uint64_t head) {
  if (head == 0) {
    return row;
  }
  const std::uint64_t in_head = row % head;
  const bool second = in_head >= head / 2;
  return row - in_head + (second ? 2 * (in_head - head / 2) + 1 : 2 * in_head);
}

StoredTensor& find_or_add(std::vector<StoredTensor>& stored, const ExpectedTensor& expected) {
  const auto found = std::ranges::find(stored, expected.source, &StoredTensor::name);
  if (found != stored.end()) {
    return *found;
  }
  const auto [rows, cols] = expected.source_shape;
  stored.push_back({expected.source, {rows, cols}, std::vector<float>(rows * cols)});
  if (expected.vector) {
    stored.back().sizes = {cols};
  }
  return stored.back();
}

// A vector is a matrix of one column here, so that its numbers are rows.
void put(const std::vector<float>& values, const ExpectedTensor& expected, StoredTensor& stored) {
  const std::uint64_t cols = expected.vector ? 1 : expected.shape.cols;
  for (std::uint64_t row = 0; row < values.size() / cols; ++row) {
    const std::uint64_t to = expected.first_row + interleaved_row(row, expected.interleaved_head);
    for (std::uint64_t col = 0; col < cols; ++col) {
      const std::uint64_t place =
          expected.transposed ? col * stored.sizes[1] + to : to * cols + col;
      stored.values[place] = values[row * cols + col] - (expected.plus_one ? 1.0f : 0.0f);
    }
  }
}

}  // namespace

std::vector<float> all_rows(const formats::SourceTensor& tensor) {
  std::vector<float> values(tensor.shape.rows * tensor.shape.cols);
  tensor.read_rows(0, tensor.shape.rows, values);
  return values;
}

std::vector<StoredTensor> stored_tensors(const formats::ModelSource& model,
                                         importers::Naming naming) {
  const importers::Architecture& architecture = importers::architecture_of(model.config);
  const auto expected = importers::expected_tensors(architecture, model.config, naming);
  std::vector<StoredTensor> stored;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    put(all_rows(model.tensors.at(i)), expected[i], find_or_add(stored, expected[i]));
  }
  return stored;
}

}  // namespace crayon::test
