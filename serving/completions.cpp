#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/adapters/query.h"
#include "runtime/generation/prompt_scores.h"
#include "serving/endpoints.h"
#include "serving/reply_stream.h"
#include "serving/routes.h"
#include "serving/text_request.h"
#include "transport/completion_api.h"

namespace crayon::serving {
namespace {

using Reply = transport::CompletionReply;

/// A text that is to be gone on with. The local model does it; there is no remote for this.
class Completion {
 public:
  Completion(Service& service, transport::CompletionRequest request)
      : service_(service),
        tokenizer_(service.generator->tokenizer()),
        adapters_(service.models.select(request.model, request.lora)),
        generate_(generate_options(service, request, request.logprobs.value_or(0))),
        request_(std::move(request)),
        clock_(service.metrics) {}

  void run(transport::Responder& responder, const std::atomic<bool>& cancelled) {
    const std::vector<formats::Token> prompt = prompt_tokens();
    adapters::Query query(service_.generator->model(), prompt);
    const adapters::Selection selection = adapters_->select(query);
    const generation::Prompt from{.tokens = prompt, .adapters = selection.adapters};
    reply_.id = service_.next_id("cmpl");
    reply_.model = service_.models.called(request_.model);
    reply_.created = unix_seconds();
    if (request_.logprobs) {
      reply_.logprobs.emplace();
    }
    if (request_.echo) {
      echo(from);
    }
    ReplyStream stream(responder);
    try {
      describe(generate(from, stream, cancelled));
      end(responder, stream);
    } catch (const Error& error) {
      if (!stream.started()) {
        throw;
      }
      stream.fail(sentence_of(error), code_name(error.code()));
    }
  }

 private:
  std::vector<formats::Token> prompt_tokens() const {
    if (!request_.prompt.tokens.empty()) {
      return request_.prompt.tokens;
    }
    return tokenizer_.encode(request_.prompt.text);
  }

  void echo(const generation::Prompt& from) {
    const std::vector<formats::Token> all(from.tokens.begin(), from.tokens.end());
    reply_.text = request_.prompt.tokens.empty() ? request_.prompt.text : tokenizer_.decode(all);
    if (!request_.logprobs || all.empty()) {
      return;
    }
    // The space belongs to the first token that prints anything.
    bool starts_text = true;
    const auto add_prompt = [&](const generation::Chosen& token, bool scored) {
      reply_.logprobs->push_back(
          {.record = record_of(token, tokenizer_, starts_text), .scored = scored});
      starts_text = starts_text && tokenizer_.bytes(token.token.token).empty();
    };
    add_prompt({.token = {all.front(), 0.0}, .likeliest = {}}, false);
    for (const generation::Chosen& each :
         generation::score_prompt(service_.generator->model(), from, *request_.logprobs)) {
      add_prompt(each, true);
    }
  }

  generation::Generated generate(const generation::Prompt& from, ReplyStream& stream,
                                 const std::atomic<bool>& cancelled) {
    if (generate_.max_tokens == 0) {
      generation::Generated nothing;
      nothing.prompt_tokens = static_cast<std::uint32_t>(from.tokens.size());
      return nothing;
    }
    return service_.generator->generate(from, generate_, [&](const generation::Progress& progress) {
      follow(progress, stream);
      return !cancelled;
    });
  }

  void follow(const generation::Progress& progress, ReplyStream& stream) {
    if (!progress.tokens.empty()) {
      clock_.piece(progress.tokens.size());
    }
    if (request_.logprobs) {
      for (const generation::Chosen& token : progress.tokens) {
        reply_.logprobs->push_back({.record = record_of(token, tokenizer_)});
      }
    }
    if (request_.stream && !progress.text.empty()) {
      send(progress.text, stream);
    }
    reply_.text += progress.text;
  }

  /// The text, with the tokens that no chunk has had yet.
  void send(std::string_view text, ReplyStream& stream) {
    if (!reply_.logprobs) {
      stream.event(reply_.chunk_json(text, nullptr, {}));
      return;
    }
    const std::vector<Reply::Token> tokens = std::exchange(*reply_.logprobs, {});
    stream.event(reply_.chunk_json(text, &tokens, reply_.text));
  }

  void describe(const generation::Generated& done) {
    service_.metrics.count_tokens(done.prompt_tokens, done.reused_tokens, done.tokens.size());
    reply_.finish_reason = finish_name(done.finish);
    reply_.usage = {.prompt_tokens = done.prompt_tokens,
                    .completion_tokens = static_cast<std::uint32_t>(done.tokens.size()),
                    .cached_tokens = done.reused_tokens};
    reply_.prompt_ms = done.prefill_seconds * 1e3;
    reply_.predicted_ms = done.decode_seconds * 1e3;
  }

  void end(transport::Responder& responder, ReplyStream& stream) {
    if (!request_.stream) {
      responder.reply(200, "application/json", reply_.to_json());
      return;
    }
    stream.event(reply_.last_chunk_json());
    if (request_.include_usage) {
      stream.event(reply_.usage_chunk_json());
    }
    stream.finish();
  }

  Service& service_;
  const tokenizer::Tokenizer& tokenizer_;
  const std::shared_ptr<const adapters::AdapterSet> adapters_;
  const generation::GenerateOptions generate_;
  const transport::CompletionRequest request_;
  AnswerClock clock_;
  Reply reply_;
};

}  // namespace

Work completions(Service& service, std::string_view body) {
  const auto completion =
      std::make_shared<Completion>(service, transport::CompletionRequest::parse(body));
  return [completion](transport::Responder& responder, const std::atomic<bool>& cancelled) {
    completion->run(responder, cancelled);
  };
}

}  // namespace crayon::serving
