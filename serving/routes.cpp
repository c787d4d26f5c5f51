#include "serving/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "transport/chat_api.h"

namespace crayon::serving {
namespace {

struct Row {
  std::string_view path;
  std::string_view method;
  Endpoint endpoint;
};

constexpr std::array table = {
    Row{"/v1/chat/completions", "POST", Endpoint::chat_completions},
    Row{"/v1/models", "GET", Endpoint::models},
    Row{"/health", "GET", Endpoint::health},
};

std::string_view error_type(int status) {
  if (status == 429) {
    return "rate_limit_error";
  }
  return status < 500 ? "invalid_request_error" : "server_error";
}

}  // namespace

Routed route(std::string_view method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const auto row =
      std::find_if(table.begin(), table.end(), [&](const Row& each) { return each.path == path; });
  if (row == table.end()) {
    return {.status = 404, .message = "there is no such path"};
  }
  const bool asks_for_head = method == "HEAD" && row->method == "GET";
  if (row->method != method && !asks_for_head) {
    return {.endpoint = row->endpoint,
            .status = 405,
            .message = fmt::format("{} takes {} only", row->path, row->method)};
  }
  return {.endpoint = row->endpoint, .message = {}};
}

int status_of(Code code) {
  switch (code) {
    case Code::bad_argument:
    case Code::malformed:
    case Code::over_limit:
    case Code::context_full:
      return 400;
    case Code::out_of_memory:
      return 503;
    default:
      return 500;
  }
}

void reply_error(transport::Responder& responder, int status, std::string_view message,
                 std::string_view code) {
  responder.reply(status, "application/json",
                  transport::error_json(message, error_type(status), code));
}

std::string models_json(std::string_view model_name) {
  const nlohmann::json model = {
      {"id", model_name}, {"object", "model"}, {"created", 0}, {"owned_by", "crayon"}};
  const nlohmann::json list = {{"object", "list"}, {"data", nlohmann::json::array({model})}};
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace crayon::serving
