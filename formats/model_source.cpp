#include "formats/model_source.h"

#include <algorithm>
#include <utility>

namespace crayon::formats {

SourceTensor vector_tensor(std::string name, std::vector<float> values) {
  const std::uint64_t size = values.size();
  return {std::move(name),
          {.rows = 1, .cols = size},
          [kept = std::move(values)](std::uint64_t, std::uint64_t count, std::span<float> out) {
            std::copy_n(kept.begin(), count == 0 ? 0 : kept.size(), out.begin());
          }};
}

}  // namespace crayon::formats
