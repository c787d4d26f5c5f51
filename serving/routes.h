#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "transport/http_server.h"

namespace crayon::serving {

enum class Endpoint { chat_completions, models, health };

/// Where a request goes, or the error that answers it.
struct Routed {
  Endpoint endpoint = Endpoint::health;
  int status = 200;     ///< 404: no such path; 405: another method
  std::string message;  ///< of an error
};

/// `target` is a path with or without a query, which is ignored.
Routed route(std::string_view method, std::string_view target);

/// The HTTP status that an error of the library becomes: 400 for what the client can mend.
int status_of(Code code);

/// Answers with an error in the API's shape: {"error":{"message","type","code"}}.
void reply_error(transport::Responder& responder, int status, std::string_view message,
                 std::string_view code);

/// The body of GET /v1/models.
std::string models_json(std::string_view model_name);

}  // namespace crayon::serving
