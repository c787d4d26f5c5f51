#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

constexpr Verb all[] = {
    {"pretrain", "Train a Llama or GPT-2 on token shards", declare_pretrain},
    {"lora", "Train one LoRA on a frozen base", declare_lora},
    {"pool", "Train a pool of LoRAs together, for blending", declare_pool},
    {"scales", "Learn channel scales that make a model easy to quantise", declare_scales},
    {"rounding", "Compare ways to round a model and scales for them", declare_rounding},
    {"probe", "Fit a router to where the device's answers were right", declare_probe},
    {"tasks", "Generate questions with answers, as JSONL", declare_tasks},
    {"scenes", "Generate pictures of coloured shapes with captions", declare_scenes},
    {"tokenizer", "Train a tokenizer on texts", declare_start_tokenizer},
#ifdef CRAYON_TRAIN_TOKENS
    {"clip", "Train a small encoder of pictures and captions on scenes", declare_clip},
    {"token-weights", "Learn from labelled pictures which words of prompts matter",
     declare_token_weights},
    {"encode", "Turn texts and task items into a token shard", declare_encode},
#endif
};

}  // namespace

std::span<const Verb> verbs() {
  return all;
}

}  // namespace crayon::train
