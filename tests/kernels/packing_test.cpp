#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "base/random.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/packed_rows.h"

namespace crayon::kernels {
namespace {

TEST(Packing, PutsEachWeightWhereTheLayoutSays) {
  Random random(1);
  for (const KernelSet* set : all()) {
    const LayoutI8& layout = set->layout.i8;
    const std::size_t rows = 37, inputs = 53;
    std::vector<std::int8_t> source(rows * inputs);
    for (auto& value : source) {
      value = static_cast<std::int8_t>(random.next());
    }
    std::vector<std::int8_t> packed(layout.packed_bytes(rows, inputs));
    for (std::size_t r = 0; r < rows; ++r) {
      pack_row_i8(layout, source.data() + r * inputs, r, inputs, packed.data());
    }
    std::vector<std::int8_t> expected(packed.size());
    const std::size_t groups = layout.padded_inputs(inputs) / layout.inputs_per_group;
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < inputs; ++c) {
        const std::size_t block = r / layout.rows_per_block, group = c / layout.inputs_per_group;
        const std::size_t at =
            ((block * groups + group) * layout.rows_per_block + r % layout.rows_per_block) *
                layout.inputs_per_group +
            c % layout.inputs_per_group;
        expected.at(at) = static_cast<std::int8_t>(source[r * inputs + c] ^ layout.flip);
      }
    }
    EXPECT_EQ(packed, expected) << set->name;
  }
}

TEST(Packing, UnpackIsTheInverse) {
  Random random(2);
  for (const KernelSet* set : all()) {
    for (int round = 0; round < 100; ++round) {
      const std::size_t rows = 1 + random.below(40), inputs = 1 + random.below(80);
      std::vector<std::int8_t> source(rows * inputs), back(rows * inputs);
      for (auto& value : source) {
        value = static_cast<std::int8_t>(random.next());
      }
      std::vector<std::int8_t> packed(set->layout.i8.packed_bytes(rows, inputs));
      for (std::size_t r = 0; r < rows; ++r) {
        pack_row_i8(set->layout.i8, source.data() + r * inputs, r, inputs, packed.data());
      }
      for (std::size_t r = 0; r < rows; ++r) {
        unpack_row_i8(set->layout.i8, packed.data(), r, inputs, back.data() + r * inputs);
      }
      ASSERT_EQ(source, back) << set->name << " " << rows << "x" << inputs;
    }
  }
}

TEST(Packing, UnpackIsTheInverseForInt4) {
  Random random(3);
  for (const KernelSet* set : all()) {
    const LayoutI4& layout = set->layout.i4;
    for (int round = 0; round < 100; ++round) {
      const std::size_t rows = 1 + random.below(40), inputs = 1 + random.below(100);
      const std::size_t groups = LayoutI4::groups(inputs);
      std::vector<std::int8_t> source(rows * inputs), back(rows * inputs);
      std::vector<std::uint16_t> scale(rows * groups), scale_back(rows * groups);
      for (auto& value : source) {
        value = static_cast<std::int8_t>(static_cast<int>(random.below(16)) - 8);
      }
      for (auto& value : scale) {
        value = static_cast<std::uint16_t>(random.next());
      }
      std::vector<std::uint8_t> packed(layout.packed_bytes(rows, inputs));
      test::clear_i4(layout, rows, inputs, packed.data());
      for (std::size_t r = 0; r < rows; ++r) {
        test::pack_row_i4(layout, source.data() + r * inputs, scale.data() + r * groups, r, inputs,
                          packed.data());
      }
      for (std::size_t r = 0; r < rows; ++r) {
        test::unpack_row_i4(layout, packed.data(), r, inputs, back.data() + r * inputs,
                            scale_back.data() + r * groups);
      }
      ASSERT_EQ(source, back) << set->name << " " << rows << "x" << inputs;
      ASSERT_EQ(scale, scale_back) << set->name << " " << rows << "x" << inputs;
    }
  }
}

TEST(Packing, PadsToWholeBlocksAndMultiples) {
  const LayoutI8 layout = {
      .id = 0, .rows_per_block = 16, .inputs_per_group = 4, .input_multiple = 16, .flip = 0};
  EXPECT_EQ(layout.padded_rows(1), 16u);
  EXPECT_EQ(layout.padded_rows(32), 32u);
  EXPECT_EQ(layout.padded_inputs(17), 32u);
  EXPECT_EQ(layout.packed_bytes(33, 16), 48u * 16u);
}

}  // namespace
}  // namespace crayon::kernels
