#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/hybrid/deadline.h"
#include "transport/chat_api.h"
#include "transport/http_client.h"

namespace crayon::hybrid {

/// A larger model behind an OpenAI-compatible API.
struct Remote {
  /// "http://host:port", "https://host:port" or "unix:/path/to/socket"; "/v1/chat/completions"
  /// is added, and a "/v1" that is there already is not added twice. Empty: there is none.
  std::string url;
  std::string model;  ///< its name there; empty: not sent
  /// Sent as "Authorization: Bearer ..."; empty: none. It is in no message of ours.
  std::string api_key = {};
};

/// The address that questions go to. Throws bad_argument for an URL that cannot be one.
std::string chat_url(const Remote& remote);
/// Throws bad_argument for an URL or an API key that cannot be one.
void check(const Remote& remote);

/// What came of asking the remote model. No failure of the network is an exception here.
struct RemoteAnswer {
  std::string text;     ///< what arrived, to the end or not
  std::string failure;  ///< empty: the answer is whole; else one phrase: "connection refused"
  bool cut = false;     ///< whole, but it ended at max_tokens
  /// Whether the same may go well a moment later: refused, lost before the answer began, or status
  /// 429, 502, 503 or 504.
  bool passing = false;
  std::optional<std::chrono::seconds> retry_after;  ///< what such a status came with
  bool broken = false;         ///< the failure is the remote's or the network's, not the request's
  std::uint64_t received = 0;  ///< bytes of the reply's body
};

/// Asks once over `client` and reads the answer as it streams in; a peer that does not stream is
/// understood too. The body that is sent is `request.to_json()` and nothing else. `on_text` is
/// called on this thread; what it throws comes out of here. `cancelled` may be null.
RemoteAnswer ask_remote(transport::Client& client, const Remote& remote,
                        const transport::ChatRequest& request, const Deadline& deadline,
                        const std::atomic<bool>* cancelled,
                        const std::function<void(std::string_view)>& on_text);

}  // namespace crayon::hybrid
