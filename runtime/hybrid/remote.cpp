#include "runtime/hybrid/remote.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>

#include "base/error.h"
#include "transport/http_client.h"
#include "transport/sse.h"
#include "transport/url.h"

namespace crayon::hybrid {
namespace {

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char byte) { return (byte & 0xc0) != 0x80; }));
}

/// Why there is no whole answer, in one phrase. `text` is what has arrived of it.
std::string phrase(const Error& error, const std::string& text, const Deadline& deadline) {
  switch (error.code()) {
    case Code::resolve_failed:
      return "host not found";
    case Code::connect_failed:
      return std::string_view(error.what()).find("refused") != std::string_view::npos
                 ? "connection refused"
                 : "no connection";
    case Code::io:
      return "no connection";
    case Code::timed_out:
      return fmt::format("{} within {} ms", text.empty() ? "no answer" : "no whole answer",
                         deadline.total().count());
    case Code::connection_lost:
      return text.empty() ? "connection lost before the answer"
                          : fmt::format("connection lost after {} characters", characters(text));
    case Code::over_limit:
      return "the reply is too large";
    case Code::tls_handshake:
      return "no agreement on TLS";
    case Code::certificate_untrusted:
      return "the certificate is not trusted";
    case Code::certificate_expired:
      return "the certificate is out of date";
    case Code::certificate_host:
      return "the certificate is for another host";
    case Code::certificate_required:
      return "the remote wants a client certificate";
    case Code::not_found:
    case Code::malformed:
      return error.what();  // a file of the certificates
    case Code::http_status:
      return "the remote reported an error";
    case Code::cancelled:
      return "cancelled";
    default:
      return "the reply is not a chat completion";
  }
}

/// Puts an answer together from the bytes of a reply.
class Reader {
 public:
  explicit Reader(const std::function<void(std::string_view)>& on_text) : on_text_(on_text) {}

  /// False when no more bytes are needed. Throws what the parsers of the reply throw.
  bool take(std::string_view bytes) {
    received_ += bytes.size();
    if (undecided_ && !bytes.empty()) {
      undecided_ = false;
      whole_ = bytes.front() == '{';  // no event stream starts with a brace
    }
    if (whole_) {
      body_ += bytes;
      return true;
    }
    return events_.push(bytes, [this](std::string_view data) { return take_event(data); });
  }

  /// At the end of the reply.
  void finish() {
    if (whole_) {
      const auto reply = transport::ChatReply::parse(body_);
      show(reply.content);
      end(reply.finish_reason);
    }
    if (!ended_) {
      throw talked_ ? Error(Code::connection_lost, "the answer has no end")
                    : Error(Code::protocol, "the reply has no events");
    }
  }

  bool ended() const { return ended_; }
  bool cut() const { return cut_; }
  const std::string& text() const { return text_; }
  std::uint64_t received() const { return received_; }
  /// What on_text threw: not the peer's fault.
  std::exception_ptr caller_trouble() const { return caller_trouble_; }

 private:
  bool take_event(std::string_view data) {
    talked_ = true;
    if (data == "[DONE]") {
      ended_ = true;
      return false;
    }
    const auto chunk = transport::ChatChunk::parse(data);
    show(chunk.delta);
    if (!chunk.finish_reason.empty()) {
      end(chunk.finish_reason);
    }
    return true;
  }

  void show(const std::string& text) {
    text_ += text;
    if (text.empty() || !on_text_) {
      return;
    }
    try {
      on_text_(text);
    } catch (...) {
      caller_trouble_ = std::current_exception();
      throw;
    }
  }

  void end(std::string_view reason) {
    ended_ = true;
    cut_ = reason == "length";
  }

  const std::function<void(std::string_view)>& on_text_;
  transport::SseParser events_;
  bool undecided_ = true;
  bool whole_ = false;  // one JSON object instead of a stream
  std::string body_;
  std::string text_;
  std::uint64_t received_ = 0;
  bool talked_ = false;  // the stream has had an event
  bool ended_ = false;
  bool cut_ = false;
  std::exception_ptr caller_trouble_;
};

/// Whether the exchange that failed so may go well a moment later.
bool passes(const Error& error, const std::string& text) {
  switch (error.code()) {
    case Code::connect_failed:
      return true;
    case Code::connection_lost:
      return text.empty();
    default:
      return false;
  }
}

/// Of "Retry-After: 12"; a date is no use to a clock that may be wrong.
std::optional<std::chrono::seconds> retry_after(const transport::ClientResponse& response) {
  const std::string_view value = transport::header(response.headers, "retry-after");
  std::uint32_t seconds = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, status] = std::from_chars(value.data(), end, seconds);
  return status == std::errc() && stop == end ? std::optional(std::chrono::seconds(seconds))
                                              : std::nullopt;
}

void judge_status(const transport::ClientResponse& response, RemoteAnswer& answer) {
  const int status = response.status;
  answer.failure = fmt::format("HTTP {}", status);
  answer.passing = status == 429 || status == 502 || status == 503 || status == 504;
  answer.broken = status == 429 || status >= 500;
  answer.received += response.body.size();
  if (answer.passing) {
    answer.retry_after = retry_after(response);
  }
}

}  // namespace

void check(const Remote& remote) {
  chat_url(remote);
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(remote.api_key, printable)) {
    throw Error(Code::bad_argument, "the remote's API key has a character that no key has",
                "look for white space and line breaks in it");
  }
}

std::string chat_url(const Remote& remote) {
  std::string url = transport::api_url(remote.url, "/chat/completions");
  transport::Url::parse(url);
  return url;
}

RemoteAnswer ask_remote(transport::Client& client, const Remote& remote,
                        const transport::ChatRequest& request, const Deadline& deadline,
                        const std::atomic<bool>* cancelled,
                        const std::function<void(std::string_view)>& on_text) {
  transport::ClientRequest http;
  http.method = "POST";
  http.url = chat_url(remote);
  http.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
  if (!remote.api_key.empty()) {
    http.headers.push_back({"Authorization", "Bearer " + remote.api_key});
  }
  http.body = request.to_json();
  http.deadline = deadline.left();
  http.cancelled = cancelled;

  Reader reader(on_text);
  RemoteAnswer answer;
  try {
    const auto response =
        client.fetch(http, [&reader](std::string_view bytes) { return reader.take(bytes); });
    if (response.status < 200 || response.status > 299) {
      judge_status(response, answer);
    } else {
      reader.finish();
    }
  } catch (const Error& error) {
    if (!reader.ended()) {  // an answer that came to its end is whole, whatever came after
      answer.failure = phrase(error, reader.text(), deadline);
      answer.passing = passes(error, reader.text());
      answer.broken = error.code() != Code::cancelled;
    }
  }
  if (reader.caller_trouble()) {
    std::rethrow_exception(reader.caller_trouble());
  }
  answer.text = reader.text();
  answer.received += reader.received();
  answer.cut = reader.cut();
  if (answer.failure.empty() && answer.text.empty()) {
    answer.failure = "the answer is empty";
    answer.broken = true;
  }
  return answer;
}

}  // namespace crayon::hybrid
