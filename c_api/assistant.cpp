#include "c_api/assistant.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"
#include "c_api/adapters.h"
#include "c_api/call.h"
#include "c_api/cancel.h"
#include "c_api/generate.h"
#include "c_api/session.h"
#include "c_api/structs.h"
#include "runtime/context/saved_pot.h"
#include "runtime/generation/batch_generator.h"
#include "runtime/hybrid/topics.h"
#include "transport/http_server.h"
#include "transport/proxy.h"

using namespace crayon;
using namespace crayon::c_api;

namespace crayon::c_api {
namespace {

hybrid::Remote remote_of(const crayon_assistant_options& options) {
  return {.url = text_of(options.remote_url),
          .model = text_of(options.remote_model),
          .api_key = text_of(options.remote_api_key)};
}

transport::ClientOptions client_of(const crayon_assistant_options& options) {
  transport::ClientOptions client;
  client.tls.ca_file = text_of(options.remote_ca_file);
  client.tls.certificate_file = text_of(options.remote_certificate_file);
  client.tls.key_file = text_of(options.remote_key_file);
  if (options.https_proxy != nullptr) {
    client.proxies.https = transport::Proxy::parse(options.https_proxy);
  }
  if (!client.tls.ca_file.empty() || !client.tls.certificate_file.empty() ||
      !client.tls.key_file.empty()) {
    transport::make_tls_context(client.tls);  // a wrong file is said now, not as a remote's failure
  }
  return client;
}

std::vector<std::string> texts_of(const char* const* texts, std::size_t count, const char* what) {
  if (count != 0) {
    check_not_null(texts, what);
  }
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(required_text(texts[i], what));
  }
  return all;
}

hybrid::Policy policy_of(const crayon_assistant_options& options, const LoadedModel& model) {
  hybrid::Policy policy;
  policy.link.budget = {.requests_per_hour = options.requests_per_hour,
                        .bytes_per_hour = options.bytes_per_hour,
                        .bytes_per_day = options.bytes_per_day};
  if (options.attempts != 0) {
    policy.link.retry.attempts = options.attempts;
  }
  if (options.remote_url != nullptr) {
    policy.link.client = client_of(options);
  }
  if (options.never_count != 0) {
    policy.never = std::make_shared<const hybrid::Topics>(
        model.model(), model.tokenizer(),
        texts_of(options.never, options.never_count, "an example of what must stay"));
  }
  return policy;
}

void check_state(const crayon_assistant_options& options) {
  if (options.state != nullptr && options.remote_url != nullptr) {
    throw Error(Code::bad_argument, "a state with a remote: the larger model has not read the text",
                "leave one of them out");
  }
  if (options.state != nullptr && options.distill != nullptr) {
    throw Error(Code::bad_argument, "a state says itself how room is made", "leave distill out");
  }
}

std::vector<generation::Turn> turns_of(const crayon_turn* turns, std::size_t count) {
  if (count != 0) {
    check_not_null(turns, "turns");
  }
  std::vector<generation::Turn> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({required_text(turns[i].role, "a turn's role"),
                   required_text(turns[i].content, "a turn's content")});
  }
  return all;
}

hybrid::Route route_of(std::int32_t route) {
  switch (route) {
    case CRAYON_ROUTE_AUTO:
      return hybrid::Route::automatic;
    case CRAYON_ROUTE_LOCAL:
      return hybrid::Route::local;
    case CRAYON_ROUTE_REMOTE:
      return hybrid::Route::remote;
    default:
      throw Error(Code::bad_argument, fmt::format("there is no route {}", route),
                  "use one of CRAYON_ROUTE_...");
  }
}

std::int32_t to_route(hybrid::Route route) {
  return route == hybrid::Route::remote ? CRAYON_ROUTE_REMOTE : CRAYON_ROUTE_LOCAL;
}

/// Puts what the caller says of one question into `ask`, and takes weights out of the last turn.
void read_question(const crayon_ask_options& given, const crayon_generate_options& how,
                   std::vector<generation::Turn>& turns, hybrid::AskOptions& ask) {
  ask.route = route_of(given.route);
  if (given.threshold != 0) {
    ask.threshold = given.threshold;
  }
  if (given.deadline_ms != 0) {
    ask.deadline = std::chrono::milliseconds(given.deadline_ms);
  }
  ask.generate = to_generate_options(how);
  if (how.emphasis == 0 || turns.empty()) {
    return;
  }
  const emphasis::EmphasisedText question = emphasised(turns.back().content.c_str(), how);
  turns.back().content = question.text;
  for (const emphasis::Span& span : question.spans) {
    ask.emphasis.push_back({turns.size() - 1, span});
  }
}

crayon_answer to_answer(const hybrid::Answer& given) {
  crayon_answer answer{};
  answer.route = to_route(given.route);
  answer.finish = to_finish(given.finish);
  answer.asked_remote = given.asked_remote ? 1 : 0;
  answer.prompt_tokens = given.prompt_tokens;
  answer.completion_tokens = given.completion_tokens;
  answer.score = given.score;
  answer.threshold = given.threshold;
  copy_text(given.reason, answer.reason);
  return answer;
}

void log_answer(const hybrid::Answer& answer, const RuntimeState& runtime) {
  const bool failed = answer.asked_remote && answer.route == hybrid::Route::local;
  runtime.log(failed ? CRAYON_LOG_WARNING : CRAYON_LOG_INFO,
              fmt::format("answered by {}: {} (score {:.3f}, threshold {:.3f})",
                          answer.route == hybrid::Route::remote ? "the remote" : "the local model",
                          answer.reason, answer.score, answer.threshold));
}

}  // namespace

AssistantParts::AssistantParts(SharedModel model, const crayon_assistant_options& options)
    : model_(std::move(model)) {
  check_state(options);
  engine::SessionOptions session = to_session_options(options.context, options.kv);
  engine::AdapterLoader loader =
      load_attached(*model_, options.adapters, options.adapter_count, options.pool);
  const formats::Hash adapters_id = loader.id();
  std::shared_ptr<generation::Generator> generator;
  if (options.state != nullptr) {
    state_.emplace(context::open_state(options.state));
    const formats::StateInfo& its = *state_->info().state;
    session.context = std::max(session.context, its.context);
    session.kv = formats::dtype_name(its.kv);
    context_ = model_->engine->context(session);
    generator = std::make_shared<generation::SessionGenerator>(
        model_->model(), model_->tokenizer(), context::options_of(its), context_,
        model_->engine->kv(session),
        [this, adapters_id](context::Pot& pot) { context::restore(pot, *state_, adapters_id); });
  } else {
    context_ = model_->engine->context(session);
    generator = std::make_shared<generation::BatchGenerator>(
        model_->model(), model_->tokenizer(),
        generation::BatchOptions{
            .sequences = options.sequences != 0 ? options.sequences : 1,
            .context = context_,
            .kv = model_->engine->kv(session),
            .pot = to_pot_options(options.distill, options.keep, model_->tokenizer())});
  }
  assistant_.emplace(std::move(generator), loader.finish(), remote_of(options),
                     policy_of(options, *model_));
}

hybrid::AskOptions AssistantParts::ask_options() const {
  hybrid::AskOptions ask;
  ask.context = context_;
  ask.continues = state_.has_value();
  return ask;
}

}  // namespace crayon::c_api

crayon_code crayon_assistant_open(crayon_model* model, const crayon_assistant_options* options,
                                  crayon_assistant** assistant, crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(assistant, "a place for the assistant");
    const Use use(model);
    hand_out(std::make_unique<crayon_assistant>(use->loaded,
                                                read_options(options, "crayon_assistant_options")),
             assistant);
  });
}

crayon_code crayon_assistant_close(crayon_assistant* assistant) {
  return guarded(nullptr, [&] { close(assistant); });
}

crayon_code crayon_assistant_ask(crayon_assistant* assistant, const crayon_turn* turns,
                                 size_t count, const crayon_ask_options* options,
                                 crayon_piece_callback callback, void* user, char** text,
                                 crayon_answer* answer, crayon_error* error) {
  return guarded(error, [&] {
    const Filled out(answer, "crayon_answer");
    const Use use(assistant);
    const crayon_ask_options given = read_options(options, "crayon_ask_options");
    const crayon_generate_options how = read_options(given.generate, "crayon_generate_options");
    std::vector<generation::Turn> said = turns_of(turns, count);
    hybrid::AskOptions ask = use->parts->ask_options();
    read_question(given, how, said, ask);
    Ending ending(how.cancel);
    ask.cancelled = &ending.flag();
    const auto show = [&](const hybrid::AnswerPiece& piece) {
      if (callback == nullptr || (piece.text.empty() && !piece.restart) || ending.flag()) {
        return;
      }
      const crayon_piece shown{.size = sizeof(crayon_piece),
                               .route = to_route(piece.route),
                               .restart = piece.restart ? 1 : 0,
                               .text = piece.text.data(),
                               .length = piece.text.size()};
      if (call_back([&] { return callback(user, &shown); }) != 0) {
        ending.end();
      }
    };
    const hybrid::Answer given_answer = use->parts->assistant().ask(said, ask, show);
    log_answer(given_answer, use->runtime());
    give_text(given_answer.text, text);
    out.fill(to_answer(given_answer));
  });
}
