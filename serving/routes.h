#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "serving/endpoints.h"
#include "transport/http_server.h"

namespace crayon::serving {

enum class Endpoint { work, page, models, model, health, metrics };

/// Where a request goes, or the error that answers it.
struct Routed {
  Endpoint endpoint = Endpoint::health;
  std::string_view path;  ///< as the table has it: of few different ones, fit for a metric
  Work (*work)(Service& service, std::string_view body) = nullptr;  ///< Endpoint::work
  std::string rest;     ///< Endpoint::model: its name, without percent-encoding
  bool open = false;    ///< needs no API key
  int status = 200;     ///< 404: no such path; 405: another method
  std::string message;  ///< of an error
};

/// `target` is a path with or without a query, which is ignored; it must outlive the result.
Routed route(std::string_view method, std::string_view target);

/// The HTTP status that an error of the library becomes: 400 for what the client can mend.
int status_of(Code code);

/// What is wrong, and what to do.
std::string sentence_of(const Error& error);

/// Answers with an error in the API's shape: {"error":{"message","type","code"}}.
void reply_error(transport::Responder& responder, int status, std::string_view message,
                 std::string_view code);

}  // namespace crayon::serving
