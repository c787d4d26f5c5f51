#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

constexpr Verb all[] = {
    {"tasks", "Generate questions with answers, as JSONL", declare_tasks},
#ifdef CRAYON_TRAIN_TOKENS
    {"tokenizer", "Train a tokenizer on texts", declare_tokenizer},
    {"encode", "Turn texts and task items into a token shard", declare_encode},
#endif
};

}  // namespace

std::span<const Verb> verbs() {
  return all;
}

}  // namespace crayon::train
