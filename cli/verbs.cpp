#include "cli/verbs.h"

namespace crayon::cli {
namespace {

constexpr Verb table[] = {
    {"pack", "Turn a model (GGUF, Hugging Face folder, llama2.c) into a bundle", declare_pack},
    {"pack-adapter", "Turn a LoRA (PEFT folder, GGUF) into an adapter bundle",
     declare_pack_adapter},
    {"pack-pool", "Gather LoRAs, each with its indicator, into a pool", declare_pack_pool},
    {"info", "Show what a bundle holds and what it will take", declare_info},
    {"verify", "Check every byte of a bundle", declare_verify},
    {"activate", "Leave a packed image beside a model, so that it starts at once",
     declare_activate},
    {"run", "Continue a text", declare_run},
    {"read", "Read a text of any length into a context of fixed size", declare_read},
    {"tokenize", "Turn text into token ids", declare_tokenize},
    {"perplexity", "Measure how well a model predicts a text", declare_perplexity},
    {"compare", "Measure how far a model is from another, as after quantising it", declare_compare},
    {"logits", "Compute the logits of given tokens", declare_logits},
    {"blend", "Make your adapter from a pool and a few examples", declare_blend},
    {"calibrate", "Find out when an adapter's questions should go to a larger model",
     declare_calibrate},
    {"eval", "Measure how many questions a model answers right", declare_eval},
    {"ask", "Answer a question, here or by a larger model", declare_ask},
    {"chat", "Talk with a model, line by line", declare_chat},
    {"serve", "Answer over HTTP with the OpenAI API", declare_serve},
    {"bench", "Measure speeds, beside what the memory gives", declare_bench},
    {"doctor", "Show what this machine can run", declare_doctor},
    {"report", "Show, or compare, what bench and doctor found, as text and as a page",
     declare_report},
};

}  // namespace

std::span<const Verb> verbs() {
  return table;
}

}  // namespace crayon::cli
