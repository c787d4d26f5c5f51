// Packing by blocks gives what packing row by row gives, in any layout.

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/half.h"
#include "base/random.h"
#include "kernels/kernel_set.h"
#include "tests/kernels/packed_rows.h"

namespace crayon::kernels {
namespace {

constexpr std::uint8_t canary = 0xa5;

std::vector<std::uint8_t> random_bytes(std::size_t count, Random& random) {
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(random.next());
  }
  return bytes;
}

TEST(PackBlocks, Int8IsTheSameAsRowByRow) {
  Random random(1);
  for (const std::size_t group : {1u, 4u, 8u, 16u}) {
    for (const std::size_t block : {1u, 2u, 8u, 16u, 64u}) {
      for (int round = 0; round < 40; ++round) {
        const LayoutI8 layout{.id = 0,
                              .rows_per_block = block,
                              .inputs_per_group = group,
                              .input_multiple = group * (round % 2 == 0 ? 1 : 32 / group),
                              .flip = static_cast<std::uint8_t>(round % 3 == 0 ? 0x80 : 0)};
        const std::size_t rows = 1 + random.below(140), inputs = 1 + random.below(90);
        const std::vector<std::uint8_t> source = random_bytes(rows * inputs + 1, random);
        const std::size_t size = layout.packed_bytes(rows, inputs);
        std::vector<std::int8_t> expected(size);
        for (std::size_t r = 0; r < rows; ++r) {
          pack_row_i8(layout, reinterpret_cast<const std::int8_t*>(&source[1 + r * inputs]), r,
                      inputs, expected.data());
        }
        std::vector<std::uint8_t> packed(size + 1, canary);
        pack_i8(layout, &source[1], rows, inputs, packed.data());
        ASSERT_EQ(std::memcmp(packed.data(), expected.data(), size), 0)
            << group << " " << block << " " << rows << "x" << inputs;
        ASSERT_EQ(packed.back(), canary);
      }
    }
  }
}

struct Int4Rows {
  std::vector<std::int8_t> values;    ///< [rows][inputs]
  std::vector<std::uint16_t> scales;  ///< [rows][groups]
  std::vector<std::uint8_t> stored;   ///< as pack_i4 takes them, behind one byte

  Int4Rows(std::size_t rows, std::size_t inputs, Random& random)
      : values(rows * inputs), scales(rows * LayoutI4::groups(inputs)), stored(1) {
    const std::size_t groups = LayoutI4::groups(inputs);
    for (auto& value : values) {
      value = static_cast<std::int8_t>(static_cast<int>(random.below(16)) - 8);
    }
    for (auto& scale : scales) {
      scale = static_cast<std::uint16_t>(random.below(0x7c00));
    }
    for (std::size_t r = 0; r < rows; ++r) {
      const auto nibble = [&](std::size_t c) {
        return c < inputs ? static_cast<unsigned>(values[r * inputs + c] + 8) : 8u;
      };
      for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t c = g * 32; c < g * 32 + 16; ++c) {
          stored.push_back(static_cast<std::uint8_t>(nibble(c) | nibble(c + 16) << 4));
        }
      }
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(&scales[r * groups]);
      stored.insert(stored.end(), bytes, bytes + groups * 2);
    }
  }
};

TEST(PackBlocks, Int4IsTheSameAsRowByRowAndReadsBack) {
  Random random(2);
  for (const std::size_t group : {1u, 4u, 8u, 16u}) {
    for (const std::size_t block : {1u, 4u, 16u, 64u}) {
      for (int round = 0; round < 25; ++round) {
        const LayoutI4 layout{.id = 0, .rows_per_block = block, .inputs_per_group = group};
        const std::size_t rows = 1 + random.below(140), inputs = 1 + random.below(130);
        const std::size_t groups = LayoutI4::groups(inputs);
        const Int4Rows source(rows, inputs, random);
        const std::size_t size = layout.packed_bytes(rows, inputs);
        std::vector<std::uint8_t> expected(size);
        test::clear_i4(layout, rows, inputs, expected.data());
        for (std::size_t r = 0; r < rows; ++r) {
          test::pack_row_i4(layout, &source.values[r * inputs], &source.scales[r * groups], r,
                            inputs, expected.data());
        }
        std::vector<std::uint8_t> packed(size + 1, canary);
        pack_i4(layout, &source.stored[1], rows, inputs, packed.data());
        ASSERT_EQ(std::memcmp(packed.data(), expected.data(), size), 0)
            << group << " " << block << " " << rows << "x" << inputs;
        ASSERT_EQ(packed.back(), canary);

        std::vector<float> row(inputs);
        const std::size_t r = random.below(rows);
        read_row_i4(layout, packed.data(), r, inputs, row.data());
        for (std::size_t c = 0; c < inputs; ++c) {
          const float scale = f16_to_f32(source.scales[r * groups + c / group_inputs]);
          ASSERT_EQ(row[c], scale * static_cast<float>(source.values[r * inputs + c]));
        }
      }
    }
  }
}

}  // namespace
}  // namespace crayon::kernels
