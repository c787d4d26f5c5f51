// Pictures as netpbm's binary PPM: "P6", width, height and the largest sample in decimal, one white
// space, then the samples.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "train/scenes/picture.h"

namespace crayon::train::scenes {
namespace {

constexpr std::size_t longest_side = 4096;
constexpr std::size_t longest_header = 4096;  // bytes, comments included

/// The numbers behind the magic.
class Header {
 public:
  Header(const std::string& bytes, const std::string& where) : bytes_(bytes), where_(where) {
    if (!bytes.starts_with("P6")) {
      fail("is no binary PPM");
    }
  }

  std::size_t number() {
    skip_space();
    std::size_t value = 0;
    const std::size_t begin = at_;
    for (; at_ < bytes_.size() && std::isdigit(static_cast<unsigned char>(bytes_[at_])); ++at_) {
      value = 10 * value + static_cast<std::size_t>(bytes_[at_] - '0');
      if (value > 65535) {
        fail("has a size or sample beyond 65535");
      }
    }
    if (at_ == begin) {
      fail("has a header without its three numbers");
    }
    return value;
  }

  /// Where the samples begin: behind one white space.
  std::size_t end() {
    if (at_ >= bytes_.size() || !std::isspace(static_cast<unsigned char>(bytes_[at_]))) {
      fail("has no white space behind its header");
    }
    return at_ + 1;
  }

  [[noreturn]] void fail(const char* what) const {
    throw Error(Code::malformed, fmt::format("{} {}", where_, what),
                "convert the picture to a binary PPM (P6) of 8-bit samples");
  }

 private:
  void skip_space() {
    const std::size_t begin = at_;
    while (at_ < bytes_.size() && at_ < longest_header) {
      if (bytes_[at_] == '#') {
        at_ = std::min(bytes_.find('\n', at_), bytes_.size());
      } else if (std::isspace(static_cast<unsigned char>(bytes_[at_]))) {
        ++at_;
      } else {
        break;
      }
    }
    if (at_ == begin) {
      fail("has a header without its three numbers");
    }
  }

  const std::string& bytes_;
  const std::string& where_;
  std::size_t at_ = 2;
};

}  // namespace

void write_ppm(const Picture& picture, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  file << fmt::format("P6\n{} {}\n255\n", picture.width, picture.height);
  file.write(reinterpret_cast<const char*>(picture.pixels.data()),
             static_cast<std::streamsize>(picture.pixels.size()));
  file.close();
  if (!file) {
    throw Error(Code::io, "cannot write " + path.string(), "name a folder with room for pictures");
  }
}

Picture read_ppm(const std::filesystem::path& path) {
  constexpr std::uint64_t limit = longest_header + 3 * longest_side * longest_side;
  const std::string bytes = read_text(path, limit);
  const std::string where = path.string();
  Header header(bytes, where);
  Picture picture;
  picture.width = header.number();
  picture.height = header.number();
  if (header.number() != 255) {
    header.fail("does not have samples up to 255");
  }
  if (picture.width == 0 || picture.height == 0) {
    header.fail("has no pixels");
  }
  if (picture.width > longest_side || picture.height > longest_side) {
    throw Error(Code::over_limit,
                fmt::format("{} has {} x {} pixels", where, picture.width, picture.height),
                fmt::format("scale it to {} pixels a side or less", longest_side));
  }
  const std::size_t begin = header.end();
  const std::size_t count = 3 * picture.width * picture.height;
  if (bytes.size() - begin < count) {
    throw Error(Code::truncated,
                fmt::format("{} has {} of {} bytes of pixels", where, bytes.size() - begin, count),
                "get or make the picture again");
  }
  const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(begin);
  picture.pixels.assign(first, first + static_cast<std::ptrdiff_t>(count));
  return picture;
}

}  // namespace crayon::train::scenes
