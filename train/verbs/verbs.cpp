#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

constexpr Verb all[] = {
    {"tasks", "Generate questions with answers, as JSONL", declare_tasks},
};

}  // namespace

std::span<const Verb> verbs() {
  return all;
}

}  // namespace crayon::train
