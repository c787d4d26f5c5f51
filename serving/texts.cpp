// Endpoints about texts that generate none.

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "serving/endpoints.h"
#include "transport/completion_api.h"

namespace crayon::serving {
namespace {

using Json = nlohmann::ordered_json;

void reply_json(transport::Responder& responder, const Json& json) {
  responder.reply(200, "application/json",
                  json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void embed(Service& service, const transport::EmbeddingRequest& request,
           transport::Responder& responder, const std::atomic<bool>& cancelled) {
  const model::Model& model = service.generator->model();
  const formats::Embedding kind{.layer = model.config().layers, .last = false};
  std::vector<std::vector<float>> embeddings;
  std::size_t tokens = 0;
  for (const transport::TextInput& input : request.inputs) {
    if (cancelled) {
      return;
    }
    const std::vector<formats::Token> text =
        input.tokens.empty() ? service.generator->tokenizer().encode(input.text) : input.tokens;
    embeddings.push_back(model.embedding(text, kind));
    tokens += text.size();
  }
  responder.reply(200, "application/json",
                  transport::embeddings_json(service.models.called(request.model), embeddings,
                                             request.base64, static_cast<std::uint32_t>(tokens)));
}

}  // namespace

Work embeddings(Service& service, std::string_view body) {
  auto request = transport::EmbeddingRequest::parse(body);
  service.models.select(request.model, std::nullopt);  // whether there is such a model
  return [&service, request = std::move(request)](transport::Responder& responder,
                                                  const std::atomic<bool>& cancelled) {
    embed(service, request, responder, cancelled);
  };
}

Work tokenize(Service& service, std::string_view body) {
  return [&service, request = transport::TokenizeRequest::parse(body)](
             transport::Responder& responder, const std::atomic<bool>&) {
    const tokenizer::Tokenizer& tokenizer = service.generator->tokenizer();
    const std::vector<formats::Token> tokens =
        tokenizer.encode(request.content, {.add_bos = request.add_special,
                                           .add_eos = request.add_special,
                                           .parse_special = request.parse_special});
    if (!request.with_pieces) {
      reply_json(responder, {{"tokens", tokens}});
      return;
    }
    Json pieces = Json::array();
    for (const formats::Token token : tokens) {
      pieces.push_back({{"id", token}, {"piece", tokenizer.bytes(token)}});
    }
    reply_json(responder, {{"tokens", std::move(pieces)}});
  };
}

Work detokenize(Service& service, std::string_view body) {
  return [&service, tokens = transport::parse_detokenize(body)](transport::Responder& responder,
                                                                const std::atomic<bool>&) {
    reply_json(responder, {{"content", service.generator->tokenizer().decode(tokens)}});
  };
}

}  // namespace crayon::serving
