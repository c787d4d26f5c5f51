#include <fmt/format.h>

#include <fstream>

#include "base/error.h"
#include "train/scenes/picture.h"

namespace crayon::train::scenes {

void write_ppm(const Picture& picture, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  file << fmt::format("P6\n{} {}\n255\n", picture.side, picture.side);
  file.write(reinterpret_cast<const char*>(picture.rgb.data()),
             static_cast<std::streamsize>(picture.rgb.size()));
  file.close();
  if (!file) {
    throw Error(Code::io, "cannot write " + path.string(), "name a folder with room for pictures");
  }
}

}  // namespace crayon::train::scenes
