#include <fmt/format.h>

#include "base/error.h"
#include "formats/packer.h"

namespace crayon::formats {

Hash pack_routing(const Bundle& bundle, const Routing& routing, const std::filesystem::path& path) {
  const BundleKind kind = bundle.info().kind;
  if (kind != BundleKind::adapter && kind != BundleKind::pool) {
    throw Error(Code::bad_argument,
                fmt::format("{} is a {}, which cannot hold routing data", bundle.path().string(),
                            kind_name(kind)),
                "name an adapter or a pool");
  }
  BundleWriter writer(path, kind);
  for (const TensorEntry& tensor : bundle.info().tensors) {
    writer.begin_tensor(tensor.name, tensor.dtype, tensor.shape);
    bundle.read(tensor, [&](ByteSpan piece) { writer.write(piece); });
  }
  BundleInfo info = bundle.info();
  info.routing = routing;
  return writer.finish(std::move(info));
}

}  // namespace crayon::formats
