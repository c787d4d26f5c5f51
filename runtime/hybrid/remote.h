#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/hybrid/deadline.h"
#include "transport/chat_api.h"

namespace crayon::hybrid {

/// A larger model behind an OpenAI-compatible API.
struct Remote {
  /// "http://host:port", "https://host:port" or "unix:/path/to/socket"; "/v1/chat/completions"
  /// is added, and a "/v1" that is there already is not added twice. Empty: there is none.
  std::string url;
  std::string model;  ///< its name there; empty: not sent
};

/// The address that questions go to. Throws bad_argument for an URL that cannot be one.
std::string chat_url(const Remote& remote);

/// What came of asking the remote model. No failure of the network is an exception here.
struct RemoteAnswer {
  std::string text;     ///< what arrived, to the end or not
  std::string failure;  ///< empty: the answer is whole; else one phrase: "connection refused"
  bool cut = false;     ///< whole, but it ended at max_tokens
};

/// Asks and reads the answer as it streams in; a peer that does not stream is understood too.
/// The body that is sent is `request.to_json()` and nothing else. `on_text` is called on this
/// thread; what it throws comes out of here. `cancelled` may be null.
RemoteAnswer ask_remote(const Remote& remote, const transport::ChatRequest& request,
                        const Deadline& deadline, const std::atomic<bool>* cancelled,
                        const std::function<void(std::string_view)>& on_text);

}  // namespace crayon::hybrid
