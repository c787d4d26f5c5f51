#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/random.h"

// What all fuzz targets share. A target is one file with this one function, as libFuzzer calls it;
// replay.cpp calls it as well, with a committed corpus.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace crayon::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the program, with a stack trace where a sanitizer is there to print it, unless `holds`.
inline void require(bool holds, const char* property) {
  if (!holds) {
    std::fprintf(stderr, "fuzz: does not hold: %s\n", property);
    std::abort();
  }
}

/// The same bytes as a network may deliver them: whole, byte by byte, and twice cut at random. The
/// places are the same each time, or a finding could not be repeated.
inline std::vector<std::vector<std::string_view>> deliveries(std::string_view bytes) {
  std::vector<std::vector<std::string_view>> all;
  all.push_back({bytes});
  Random random(bytes.size());
  for (const std::size_t longest : {std::size_t{1}, std::size_t{9}, bytes.size() + 1}) {
    std::vector<std::string_view>& pieces = all.emplace_back();
    for (std::size_t at = 0; at < bytes.size(); at += pieces.back().size()) {
      pieces.push_back(bytes.substr(at, 1 + random.below(longest)));
    }
  }
  return all;
}

}  // namespace crayon::fuzz
