#include "cli/verbs.h"

namespace crayon::cli {
namespace {

// Verbs that make models are for workstations; the linker drops what only they call.
constexpr Verb table[] = {
#if CRAYON_WORKSTATION
    {"pack", "Turn a model (GGUF, Hugging Face folder, llama2.c) into a bundle", declare_pack},
    {"pack-adapter", "Turn a LoRA (PEFT folder, GGUF) into an adapter bundle",
     declare_pack_adapter},
    {"pack-pool", "Gather LoRAs, each with its indicator, into a pool", declare_pack_pool},
#endif
    {"info", "Show what a bundle holds and what it will take", declare_info},
    {"verify", "Check every byte of a bundle", declare_verify},
    {"activate", "Let an installed model answer; or leave a packed image beside one",
     declare_activate},
    {"run", "Continue a text", declare_run},
    {"read", "Read a text of any length into a context of fixed size", declare_read},
#if CRAYON_WORKSTATION
    {"tokenize", "Turn text into token ids", declare_tokenize},
    {"compare", "Measure how far a model is from another, as after quantising it", declare_compare},
#endif
    {"perplexity", "Measure how well a model predicts a text", declare_perplexity},
    {"logits", "Compute the logits of given tokens", declare_logits},
    {"blend", "Make your adapter from a pool and a few examples", declare_blend},
#if CRAYON_WORKSTATION
    {"calibrate", "Find out when an adapter's questions should go to a larger model",
     declare_calibrate},
#endif
    {"eval", "Measure how many questions a model answers right", declare_eval},
    {"ask", "Answer a question, here or by a larger model", declare_ask},
    {"chat", "Talk with a model, line by line", declare_chat},
    {"serve", "Answer over HTTP with the OpenAI API", declare_serve},
    {"embed", "Turn texts and pictures into vectors, with a CLIP model", declare_embed},
    {"index", "Make a gallery of a folder's pictures, to search in", declare_index},
    {"search", "Find pictures of a gallery by a text, whose words may weigh more or less",
     declare_search},
    {"keygen", "Make a pair of keys to sign bundles with", declare_keygen},
    {"sign", "Sign a bundle as a numbered release", declare_sign},
    {"trust", "Let a board accept only what a key signed", declare_trust},
    {"golden", "Note what a healthy model answers", declare_golden},
    {"install", "Copy bundles into a board's store and check every byte", declare_install},
    {"rollback", "Return to the deployment that answered before", declare_rollback},
    {"status", "Show what is installed and what answers", declare_status},
    {"bench", "Measure speeds, beside what the memory gives", declare_bench},
    {"doctor", "Show what this machine can run", declare_doctor},
    {"report", "Show, or compare, what bench and doctor found, as text and as a page",
     declare_report},
    {"manual", "Print the source of a manual page", declare_manual},
    {"completion", "Print what a shell completes the command line with", declare_completion},
};

}  // namespace

std::span<const Verb> verbs() {
  return table;
}

}  // namespace crayon::cli
