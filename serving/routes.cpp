#include "serving/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "transport/chat_api.h"
#include "transport/url.h"

namespace crayon::serving {
namespace {

struct Row {
  std::string_view path;
  std::string_view method;
  Endpoint endpoint;
  decltype(Routed::work) work = nullptr;
  bool open = false;
};

constexpr std::array table = {
    Row{"/v1/chat/completions", "POST", Endpoint::work, chat_completions},
    Row{"/v1/completions", "POST", Endpoint::work, completions},
    Row{"/v1/embeddings", "POST", Endpoint::work, embeddings},
    Row{"/v1/adapters/pool", "GET", Endpoint::work, describe_pool},
    Row{"/v1/adapters/blend", "POST", Endpoint::work, blend},
    Row{"/v1/models", "GET", Endpoint::models},
    Row{"/tokenize", "POST", Endpoint::work, tokenize},
    Row{"/detokenize", "POST", Endpoint::work, detokenize},
    Row{"/metrics", "GET", Endpoint::metrics},
    Row{"/health", "GET", Endpoint::health, nullptr, true},
    Row{"/", "GET", Endpoint::page, nullptr, true},
};

/// GET /v1/models/NAME
constexpr std::string_view model_prefix = "/v1/models/";
constexpr Row model_row = {"/v1/models/*", "GET", Endpoint::model};

std::string_view error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 429:
      return "rate_limit_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

}  // namespace

Routed route(std::string_view method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const Row* row = std::ranges::find(table, path, &Row::path);
  std::string rest;
  if (path.starts_with(model_prefix) && path.size() > model_prefix.size()) {
    row = &model_row;
    const std::string_view name = path.substr(model_prefix.size());
    rest = transport::percent_decoded(name).value_or(std::string(name));
  } else if (row == table.end()) {
    return {.path = "other",
            .rest = {},
            .status = 404,
            .message = "there is no such path; see docs/http-api.md for those that there are"};
  }
  Routed routed{.endpoint = row->endpoint,
                .path = row->path,
                .work = row->work,
                .rest = std::move(rest),
                .open = row->open,
                .message = {}};
  const bool asks_for_head = method == "HEAD" && row->method == "GET";
  if (row->method != method && !asks_for_head) {
    routed.status = 405;
    routed.message = fmt::format("{} takes {} only", row->path, row->method);
  }
  return routed;
}

int status_of(Code code) {
  switch (code) {
    case Code::bad_argument:
    case Code::malformed:
    case Code::over_limit:
    case Code::context_full:
      return 400;
    case Code::not_found:
      return 404;
    case Code::out_of_memory:
      return 503;
    default:
      return 500;
  }
}

std::string sentence_of(const Error& error) {
  return error.hint().empty() ? error.what() : fmt::format("{}; {}", error.what(), error.hint());
}

void reply_error(transport::Responder& responder, int status, std::string_view message,
                 std::string_view code) {
  responder.reply(status, "application/json",
                  transport::error_json(message, error_type(status), code));
}

}  // namespace crayon::serving
