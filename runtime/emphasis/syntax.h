#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/emphasis/spans.h"

namespace crayon::emphasis {

/// A text and the weights that its writer gave to stretches of it.
struct EmphasisedText {
  std::string text;
  std::vector<Span> spans;  ///< in order and apart; none where the weight is 1
  bool operator==(const EmphasisedText&) const = default;
};

inline constexpr float bracket_weight = 1.1f;   ///< of (x); that of [x] is its inverse
inline constexpr std::size_t max_nesting = 32;  ///< brackets within each other

/// Reads the syntax that users of image generators know:
///
///     (x:1.5)         the weight of x is 1.5: a number from 0 to max_weight, with a point
///     (x)  [x]        1.1 and 1/1.1
///     ((x) y:2)       weights multiply: x has 2.2, y 2
///     \( \) \[ \] \\  are text; a backslash in front of anything else is text as it is
///
/// The number stands behind the last colon within its brackets. What begins there like a number has
/// to be one; what does not, or has spaces within it, is text: `(note: buy milk)` and `(at 10:30
/// pm)` have the weight 1.1. Text without brackets and backslashes is itself, with no spans.
///
/// Throws bad_argument for brackets that do not close each other, have nothing within them or are
/// too deep, and for what is no weight; the sentence names the column, counted in characters from
/// 1, and quotes what stands there.
EmphasisedText parse(std::string_view source);

/// What parse() reads as `emphasised`, with every weight as a number. Throws bad_argument as
/// check() does for the spans.
std::string write(const EmphasisedText& emphasised);

}  // namespace crayon::emphasis
