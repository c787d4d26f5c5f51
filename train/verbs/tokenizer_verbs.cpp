// The one verb of crayon-train-tokenizer.
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

constexpr Verb all[] = {
    {"tokenizer", "Train a tokenizer on texts", declare_tokenizer},
};

}  // namespace

std::span<const Verb> verbs() {
  return all;
}

}  // namespace crayon::train
