#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/packer.h"
#include "runtime/adapters/adapters.h"
#include "runtime/adapters/sum.h"
#include "serving/endpoints.h"
#include "transport/completion_api.h"

namespace crayon::serving {
namespace {

/// A folder that only this process can read, removed with its content at the end.
class PrivateFolder {
 public:
  PrivateFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "crayon-blend-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw Error(Code::io, fmt::format("cannot make a folder {}", name),
                  "see that the folder for temporary files can be written to");
    }
    path_ = name;
  }
  ~PrivateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The bytes of an adapter bundle: the sum of the pool's adapters by these weights, without its
/// source's name or anything else of the server.
std::string pack_blend(const adapters::Pool& pool, const formats::Bundle& base,
                       const std::vector<float>& weights) {
  std::vector<adapters::Part> parts;
  for (std::size_t n = 0; n < weights.size(); ++n) {
    if (weights[n] != 0.0f) {
      parts.push_back({&pool.adapters[n], weights[n]});
    }
  }
  if (parts.empty()) {
    throw Error(Code::bad_argument, "\"weights\" are all 0", "weigh one adapter at least");
  }
  const adapters::Sum sum(parts, "blend");
  const PrivateFolder folder;
  const std::filesystem::path path = folder.path() / "blend.crayon";
  formats::pack_adapter(
      sum.head(), sum.size(), [&](std::size_t i, formats::SourceLora& out) { sum.make(i, out); },
      base, path);
  return read_text(path, std::numeric_limits<std::int32_t>::max());
}

}  // namespace

Work blend(Service& service, std::string_view body) {
  if (!service.pool) {
    throw Error(Code::not_found, "this server has no pool to blend", "start it with --pool");
  }
  std::vector<float> weights = transport::parse_blend_weights(body);
  if (weights.size() != service.pool->adapters.size()) {
    throw Error(Code::bad_argument,
                fmt::format("\"weights\" has {} numbers, and the pool has {} adapters",
                            weights.size(), service.pool->adapters.size()),
                "compute them with this pool's indicators");
  }
  return [&service, weights = std::move(weights)](transport::Responder& responder,
                                                  const std::atomic<bool>&) {
    responder.reply(200, "application/octet-stream",
                    pack_blend(*service.pool, *service.base, weights));
  };
}

}  // namespace crayon::serving
