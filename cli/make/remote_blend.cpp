#include "cli/make/remote_blend.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/private_folder.h"
#include "formats/packer.h"
#include "transport/url.h"

namespace crayon::cli {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 30;  // of an adapter bundle

transport::ClientRequest request_for(const PoolServer& server, std::span<const float> weights) {
  transport::ClientRequest request{
      .method = "POST",
      .url = transport::api_url(server.url, "/adapters/blend"),
      .headers = {{"Content-Type", "application/json"}},
      .body = nlohmann::json{{"weights", weights}}.dump(),
      .deadline = server.deadline,
  };
  request.limits.body_bytes = most_bytes;
  if (!server.api_key.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + server.api_key);
  }
  return request;
}

/// What an error reply says, as far as it has the API's form.
std::string message_of(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    return json["error"].value("message", "");
  }
  return {};
}

}  // namespace

formats::AdapterSource fetch_blend(const PoolServer& server, std::span<const float> weights,
                                   const formats::Bundle& base) {
  const PrivateFolder folder;
  const std::filesystem::path path = folder.path() / "blend.crayon";
  AtomicFile file(path);
  transport::Client client(server.client);
  const transport::ClientResponse response =
      client.fetch(request_for(server, weights), [&file](std::string_view bytes) {
        file.write(as_bytes(bytes));
        return true;
      });
  if (response.status != 200) {
    throw Error(
        Code::http_status,
        fmt::format("{} answers {}: {}", server.url, response.status, message_of(response.body)),
        "check that `crayon serve --pool` runs there, with the same base");
  }
  file.commit();
  return formats::read_adapter(formats::Bundle::open(path), 0, base);
}

}  // namespace crayon::cli
