#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "formats/importers/architectures.h"
#include "formats/importers/assemble.h"
#include "formats/model_source.h"

namespace crayon::importers {

/// Collects the A and B tensors of an adapter in any order and makes an AdapterSource of them. The
/// factors of a fused weight become those of its projections: all have its A, each has its rows of
/// B.
class LoraAssembler {
 public:
  /// `base` is the configuration of the model that the adapter is for; `where` names the file.
  LoraAssembler(const formats::ModelConfig& base, Naming naming, std::string where);

  /// Takes one factor of the weight `weight_name`. Throws unmatched_tensor when the base has no
  /// such weight, and malformed for a factor that was there already.
  enum class Factor : std::uint8_t { a, b };
  void add(const std::string& weight_name, Factor factor, RawTensor tensor);
  [[noreturn]] void fail_unmatched(const std::string& tensor) const;

  /// `scale_of` gives what B (A x) of a weight of this rank is multiplied with. Where weights
  /// differ in it, the ratio to the adapter's one scale goes into B. Throws bad_shape, naming
  /// the tensor, for a factor without its partner or of a shape that does not fit the base.
  formats::AdapterSource finish(
      const std::function<float(const std::string& weight_name, std::uint32_t rank)>& scale_of);

 private:
  struct Pair {
    std::string weight_name;
    std::vector<ProjectionPart> parts;  ///< what the weight stands for
    RawTensor a;                        ///< no name: not there yet
    RawTensor b;
  };

  void check(const Pair& pair) const;
  std::vector<formats::SourceLora> read(const Pair& pair) const;
  std::vector<float> read_b(const Pair& pair, const ProjectionPart& part) const;

  const formats::ModelConfig& base_;
  const Architecture& architecture_;
  Naming naming_;
  std::string where_;
  std::map<std::pair<std::uint32_t, formats::Projection>, Pair>
      pairs_;  // by layer and first projection
};

}  // namespace crayon::importers
