#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "serving/endpoints.h"
#include "serving/reply_stream.h"
#include "serving/routes.h"
#include "serving/text_request.h"

namespace crayon::serving {
namespace {

/// A request for a chat, as the assistant takes it.
struct ChatTask {
  std::vector<generation::Turn> turns;
  hybrid::AskOptions ask;
  std::shared_ptr<const adapters::AdapterSet> adapters;  // of `ask`
  std::string model;
  bool stream;
  bool include_usage;
  bool logprobs;
  AnswerClock clock;
};

/// Where the words stand, in what others than the assistant said.
std::vector<generation::TurnSpan> stressed(std::span<const generation::Turn> turns,
                                           std::span<const transport::StressedText> words) {
  if (words.empty()) {
    return {};
  }
  std::vector<emphasis::Phrase> phrases;
  for (const transport::StressedText& each : words) {
    phrases.push_back({each.text, static_cast<float>(each.weight)});
  }
  std::vector<std::string_view> texts;
  for (const generation::Turn& turn : turns) {
    texts.push_back(turn.role == "assistant" ? std::string_view() : turn.content);
  }
  std::vector<generation::TurnSpan> spans;
  const std::vector<std::vector<emphasis::Span>> found = emphasis::find_phrases(texts, phrases);
  for (std::size_t turn = 0; turn < found.size(); ++turn) {
    for (const emphasis::Span& span : found[turn]) {
      spans.push_back({turn, span});
    }
  }
  return spans;
}

ChatTask task_of(Service& service, transport::ChatRequest request) {
  ChatTask task{.turns = {},
                .ask = service.ask,
                .adapters = service.models.select(request.model, request.lora),
                .model = service.models.called(request.model),
                .stream = request.stream,
                .include_usage = request.include_usage,
                .logprobs = request.logprobs,
                .clock = AnswerClock(service.metrics)};
  task.ask.generate = generate_options(service, request, request.top_logprobs);
  task.ask.generate.json = request.json_object;
  task.ask.adapters = task.adapters.get();
  for (transport::ChatMessage& message : request.messages) {
    std::string& role = message.role;
    task.turns.push_back(
        {role == "developer" ? "system" : std::move(role), std::move(message.content)});
  }
  task.ask.emphasis = stressed(task.turns, request.emphasis);
  task.ask.emphasis_first_layer = request.emphasis_first_layer;
  return task;
}

/// An answer on its way to the client: whole, or as server-sent events.
class ChatWriter {
 public:
  ChatWriter(Service& service, ChatTask& task, transport::Responder& responder)
      : service_(service), task_(task), responder_(responder), stream_(responder) {
    reply_.id = service.next_id("chatcmpl");
    reply_.model = task.model;
    reply_.created = unix_seconds();
  }

  /// A piece of an answer that stands. A reply that is not streamed waits for end().
  void piece(const hybrid::AnswerPiece& piece) {
    task_.clock.piece(piece.tokens.size());
    if (task_.stream && !piece.text.empty()) {
      send(piece.text, piece.tokens);
    }
  }

  /// The whole answer: what pieces have not said, and how it came about.
  void end(const hybrid::Answer& answer) {
    describe(answer);
    if (!task_.stream) {
      if (task_.logprobs && !remote(answer)) {
        reply_.logprobs = records_of(hybrid::chosen_of(answer.local));
      }
      responder_.reply(200, "application/json", reply_.to_json());
      return;
    }
    if (!said_) {  // also an empty answer has a first chunk, which names the role
      send(answer.text,
           remote(answer) ? std::vector<generation::Chosen>() : hybrid::chosen_of(answer.local));
    }
    stream_.event(reply_.last_chunk_json());
    if (task_.include_usage) {
      stream_.event(reply_.usage_chunk_json());
    }
    stream_.finish();
  }

  ReplyStream& stream() { return stream_; }

 private:
  static bool remote(const hybrid::Answer& answer) { return answer.route == hybrid::Route::remote; }

  std::vector<transport::TokenRecord> records_of(std::span<const generation::Chosen> tokens) const {
    std::vector<transport::TokenRecord> records;
    for (const generation::Chosen& token : tokens) {
      records.push_back(record_of(token, service_.generator->tokenizer()));
    }
    return records;
  }

  void send(std::string_view text, std::span<const generation::Chosen> tokens) {
    const bool first = !std::exchange(said_, true);
    if (!task_.logprobs) {
      stream_.event(reply_.chunk_json(text, first));
      return;
    }
    const std::vector<transport::TokenRecord> records = records_of(tokens);
    stream_.event(reply_.chunk_json(text, first, &records));
  }

  void describe(const hybrid::Answer& answer) {
    reply_.content = answer.text;
    reply_.finish_reason = finish_name(answer.finish);
    reply_.usage = {.prompt_tokens = answer.prompt_tokens,
                    .completion_tokens = answer.completion_tokens,
                    .cached_tokens = remote(answer) ? 0 : answer.local.reused_tokens};
    reply_.routing = {.route = remote(answer) ? "remote" : "local",
                      .reason = answer.reason,
                      .score = answer.score,
                      .threshold = answer.threshold,
                      .signal = answer.decision.signal,
                      .stage = hybrid::stage_name(answer.decision.stage),
                      .blend = {answer.blend.weights.begin(), answer.blend.weights.end()}};
    if (!remote(answer)) {
      reply_.prompt_ms = answer.local.prefill_seconds * 1e3;
      reply_.predicted_ms = answer.local.decode_seconds * 1e3;
    }
  }

  Service& service_;
  ChatTask& task_;
  transport::Responder& responder_;
  ReplyStream stream_;
  transport::ChatReply reply_;
  bool said_ = false;
};

void count(Metrics& metrics, const hybrid::Answer& answer) {
  metrics.count_answer(answer.route == hybrid::Route::remote ? "remote" : "local", answer.reason,
                       answer.asked_remote);
  metrics.count_tokens(answer.local.prompt_tokens, answer.local.reused_tokens,
                       answer.local.tokens.size());
}

void answer(Service& service, ChatTask& task, transport::Responder& responder,
            const std::atomic<bool>& cancelled) {
  ChatWriter writer(service, task, responder);
  task.ask.cancelled = &cancelled;
  hybrid::OnPiece on_piece;
  // A stream cannot be unsaid, so what a remote model begins to say is kept back until it
  // is known to be the answer.
  if (task.ask.route == hybrid::Route::local || !service.assistant.has_remote()) {
    on_piece = [&writer](const hybrid::AnswerPiece& piece) { writer.piece(piece); };
  }
  try {
    const hybrid::Answer answer = service.assistant.ask(task.turns, task.ask, on_piece);
    count(service.metrics, answer);
    if (!on_piece) {
      task.clock.piece(answer.completion_tokens);
    }
    writer.end(answer);
  } catch (const Error& error) {
    if (!writer.stream().started()) {
      throw;
    }
    writer.stream().fail(sentence_of(error), code_name(error.code()));
  }
}

}  // namespace

Work chat_completions(Service& service, std::string_view body) {
  const auto task =
      std::make_shared<ChatTask>(task_of(service, transport::ChatRequest::parse(body)));
  return [&service, task](transport::Responder& responder, const std::atomic<bool>& cancelled) {
    answer(service, *task, responder, cancelled);
  };
}

}  // namespace crayon::serving
