#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>

#include "base/error.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"

namespace crayon::test {

/// Where the frames of a good index end: three of 40, 1 MiB and 60 bytes that hold five tensors.
/// None of it exists as bytes.
constexpr std::uint64_t good_data_end = formats::header_size + 30 + 900000 + 50;

/// An index without a mistake, of a model, an adapter or a pool.
formats::Index good_index(formats::BundleKind kind);

/// What an adapter says of its questions, without a mistake.
formats::Routing good_routing();

/// A good index with one wrong number.
struct BadIndex {  // NOLINT(clang-analyzer-optin.performance.Padding): the order of reading
  const char* name;
  formats::BundleKind kind;
  std::function<void(formats::Index&)> spoil;
  Code code;
  const char* field;  // as the sentence names it, behind "index."
};

void PrintTo(const BadIndex& bad, std::ostream* out);

/// Expects that the index is refused with its code, in a sentence that begins with its field.
void expect_refused(const BadIndex& bad);

}  // namespace crayon::test
