#include "formats/gallery.h"

#include <fmt/format.h>

#include "base/error.h"
#include "formats/bundle.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

void check_name(const std::string& name) {
  if (name.empty() || name.size() > max_image_name) {
    fail(Code::corrupt, "names", fmt::format("one of {} bytes", name.size()));
  }
  for (const char letter : name) {  // control characters could make a terminal lie
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) {
      fail(Code::corrupt, "names", "one has a control character");
    }
  }
}

}  // namespace

void check(const GalleryInfo& gallery, std::span<const TensorEntry> tensors) {
  in_field("gallery", [&] {
    for (const std::string& name : gallery.names) {
      check_name(name);
    }
    const bool fits = tensors.size() == 1 && tensors.front().name == embeddings &&
                      tensors.front().shape.rows == gallery.names.size();
    if (!fits) {
      fail(Code::corrupt, "names",
           fmt::format("a gallery needs {} with a row for each of its {} images, and no other "
                       "tensor",
                       embeddings, gallery.names.size()));
    }
  });
}

}  // namespace crayon::formats
