#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/process.h"
#include "c_api/adapters.h"
#include "c_api/session.h"
#include "c_api/structs.h"
#include "runtime/adapters/query.h"
#include "runtime/context/saved_pot.h"
#include "runtime/emphasis/token_weights.h"
#include "runtime/generation/open_turn.h"

namespace crayon::c_api {

engine::SessionOptions to_session_options(std::uint32_t context, std::int32_t kv) {
  const char* const names[] = {"", "f16", "f32", "i8"};  // by CRAYON_KV_...
  if (kv < CRAYON_KV_DEFAULT || kv > CRAYON_KV_I8) {
    throw Error(Code::bad_argument, fmt::format("there is no kv {}", kv),
                "use one of CRAYON_KV_...");
  }
  return {.context = context, .kv = names[kv]};
}

context::PotOptions to_pot_options(const char* rule, float keep,
                                   const tokenizer::Tokenizer& tokenizer) {
  context::PotOptions options;
  if (rule != nullptr) {
    options.rule = rule;
  }
  if (keep != 0) {
    options.keep = keep;
  }
  options.catalyst =
      tokenizer.encode(context::default_catalyst, {.add_bos = false, .continues = true});
  return options;
}

Conversation::Conversation(SharedModel model, const crayon_session_options& options)
    : model_(std::move(model)), as_turn_(options.as_turn != 0), system_(text_of(options.system)) {
  if (!system_.empty() && !as_turn_) {
    throw Error(Code::bad_argument, "instructions in a session that is no turn",
                "set as_turn, or read them as a text");
  }
  engine::AdapterLoader loader =
      load_attached(*model_, options.adapters, options.adapter_count, nullptr);
  adapters_id_ = loader.id();
  session_ = model_->engine->bare_session(to_session_options(options.context, options.kv));
  const adapters::AdapterSet adapters = loader.finish();
  session_->attach(adapters.fixed);
  pot_ = std::make_unique<context::Pot>(
      model_->model(), *session_,
      to_pot_options(options.distill, options.keep, model_->tokenizer()));
  clear();
}

void Conversation::clear() {
  std::size_t pinned = 1;
  if (as_turn_) {
    const tokenizer::Tokenizer& tokenizer = model_->tokenizer();
    pinned = generation::OpenTurn(system_, tokenizer.data().chat_format, tokenizer).pinned();
  }
  pot_->clear(static_cast<std::uint32_t>(pinned));
  answered_ = false;
}

std::vector<formats::Token> Conversation::encode(const std::string& text) const {
  const tokenizer::Tokenizer& tokenizer = model_->tokenizer();
  if (as_turn_ && !begun()) {
    return generation::OpenTurn(system_, tokenizer.data().chat_format, tokenizer).add(text);
  }
  return tokenizer.encode(text, {.add_bos = !begun(), .continues = begun()});
}

void Conversation::check_turn_is_open() const {
  if (answered_) {
    throw Error(Code::bad_argument, "the turn was answered",
                "clear the session, or restore what was saved before the question");
  }
}

/// Said before anything is read, not in the middle of it.
void Conversation::check_room(std::size_t tokens) const {
  if (!pot_->bounded() && tokens > pot_->room()) {
    throw Error(Code::context_full,
                fmt::format("{} tokens more than the {} that are held do not fit a context of {}",
                            tokens, session_->position(), pot_->limit()),
                "give the session a larger context, or a rule that makes room");
  }
}

void Conversation::read(const char* text) {
  check_turn_is_open();
  const std::vector<formats::Token> tokens = encode(required_text(text, "a text"));
  if (tokens.empty()) {
    return;
  }
  check_room(tokens.size());
  const double started = monotonic_seconds();
  pot_->read(tokens, {});
  counters_.prefill_seconds += monotonic_seconds() - started;
  counters_.tokens_read += tokens.size();
}

generation::Generated Conversation::generate(const emphasis::EmphasisedText& prompt,
                                             const generation::GenerateOptions& options,
                                             const generation::OnProgress& on_progress) {
  check_turn_is_open();
  const tokenizer::Tokenizer& tokenizer = model_->tokenizer();
  emphasis::TokenWeights weighted;
  if (as_turn_) {
    if (!prompt.spans.empty()) {
      throw Error(Code::unsupported, "weights on words of a turn that goes on",
                  "ask an assistant, or leave the brackets out");
    }
    const formats::ChatFormat& format = tokenizer.data().chat_format;
    weighted.tokens = begun()
                          ? generation::rest_of_turn(prompt.text, format, tokenizer)
                          : generation::OpenTurn(system_, format, tokenizer).finish(prompt.text);
  } else {
    weighted =
        emphasis::token_weights(tokenizer, prompt, {.add_bos = !begun(), .continues = begun()});
  }
  const std::uint64_t before = tokens_held();
  generation::Generated done;
  try {
    done = generation::generate(model_->model(), tokenizer, *pot_, weighted.tokens, options,
                                on_progress, {weighted.weights, 0});
  } catch (...) {
    answered_ = as_turn_ && tokens_held() != before;
    throw;
  }
  answered_ = as_turn_;
  counters_.tokens_read += done.prompt_tokens;
  counters_.tokens_generated += done.tokens.size();
  counters_.prefill_seconds += done.prefill_seconds;
  counters_.decode_seconds += done.decode_seconds;
  read_last(done, before + done.prompt_tokens + done.tokens.size());
  return done;
}

/// The last token of an answer has not run where nobody wanted its logits; what follows sees it.
void Conversation::read_last(const generation::Generated& done, std::uint64_t expected) {
  if (!done.tokens.empty() && tokens_held() + 1 == expected &&
      (pot_->bounded() || pot_->room() != 0)) {
    pot_->read({&done.tokens.back(), 1}, {});
  }
}

void Conversation::save(const char* path) const {
  check_turn_is_open();
  context::save(*pot_, {.adapters = adapters_id_}, required_text(path, "a path"));
}

void Conversation::restore(const char* path) {
  context::restore(*pot_, context::open_state(required_text(path, "a path")), adapters_id_);
  answered_ = false;
}

crayon_counters Conversation::counters() const {
  crayon_counters counters = counters_;
  counters.distillations = pot_->statistics().distillations;
  counters.distil_seconds = pot_->statistics().distil_seconds;
  counters.position = session_->position();
  counters.context = pot_->limit();
  return counters;
}

}  // namespace crayon::c_api
