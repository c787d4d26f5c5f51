#include <fmt/format.h>
#include <png.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "formats/pictures/decoders.h"
#include "formats/pictures/orientation.h"

namespace crayon::pictures {
namespace {

constexpr std::uint64_t most_bytes_of_a_byte = 1032;  // deflated: 258 of two bits

// Chunks that pixels do not depend on, by name; the rest of those that libpng knows are small.
constexpr png_byte ignored_chunks[] = "iCCP\0iTXt\0tEXt\0zTXt\0sPLT\0hIST";

/// libpng's state. It reports an error by a longjmp into the frame that last called setjmp: each
/// function here that returns bool has one, in which nothing has a destructor, and is false then.
class PngReader {
 public:
  explicit PngReader(ByteSpan bytes);
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Picture read();

 private:
  bool read_header();
  bool read_pixels(std::uint8_t* rgb);
  void require_data(std::uint64_t height) const;
  Orientation orientation() const;
  [[noreturn]] void fail() const;

  static void on_read(png_structp png, png_bytep out, std::size_t size);
  [[noreturn]] static void on_error(png_structp png, png_const_charp message);
  static void on_warning(png_structp, png_const_charp) {}

  ByteSpan left_;
  std::size_t size_;
  Code code_ = Code::malformed;
  std::array<char, 128> message_ = {};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

PngReader::PngReader(ByteSpan bytes) : left_(bytes), size_(bytes.size()) {
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
  info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
  if (info_ == nullptr) {
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw Error(Code::out_of_memory, "there is no memory for a decoder of PNG");
  }
}

void PngReader::on_read(png_structp png, png_bytep out, std::size_t size) {
  auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (size > reader.left_.size()) {
    reader.code_ = Code::truncated;
    png_error(png, "the file ends too early");
  }
  std::memcpy(out, reader.left_.data(), size);
  reader.left_ = reader.left_.subspan(size);
}

void PngReader::on_error(png_structp png, png_const_charp message) {
  auto& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
  std::snprintf(reader.message_.data(), reader.message_.size(), "%s", message);
  png_longjmp(png, 1);
}

void PngReader::fail() const {
  throw Error(code_, fmt::format("PNG: {}", message_.data()), "copy or download the file again");
}

bool PngReader::read_header() {
  if (setjmp(png_jmpbuf(png_)) != 0) {
    return false;
  }
  png_set_read_fn(png_, this, on_read);
  png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_size knows better
  png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, ignored_chunks,
                              sizeof ignored_chunks / 5);
  png_read_info(png_, info_);
  return true;
}

bool PngReader::read_pixels(std::uint8_t* rgb) {
  if (setjmp(png_jmpbuf(png_)) != 0) {
    return false;
  }
  png_set_strip_16(png_);
  png_set_palette_to_rgb(png_);
  png_set_expand_gray_1_2_4_to_8(png_);
  png_set_gray_to_rgb(png_);
  png_set_strip_alpha(png_);
  const int passes = png_set_interlace_handling(png_);
  png_read_update_info(png_, info_);
  const std::size_t width = png_get_image_width(png_, info_);
  const std::uint32_t height = png_get_image_height(png_, info_);
  if (png_get_rowbytes(png_, info_) != width * 3) {
    png_error(png_, "a kind of pixel that does not become RGB");
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (std::uint32_t y = 0; y < height; ++y) {
      png_read_row(png_, rgb + y * width * 3, nullptr);
    }
  }
  png_read_end(png_, info_);
  return true;
}

/// Throws truncated when the file is too small for its rows, so that a few bytes never claim memory
/// for a large picture.
void PngReader::require_data(std::uint64_t height) const {
  const std::uint64_t rows = height * (png_get_rowbytes(png_, info_) + 1);
  if (rows / most_bytes_of_a_byte > size_) {
    throw Error(Code::truncated,
                fmt::format("PNG: {} bytes cannot hold {} bytes of pixels", size_, rows),
                "copy or download the file again");
  }
}

Orientation PngReader::orientation() const {
  png_uint_32 size = 0;
  png_bytep exif = nullptr;
  if (png_get_eXIf_1(png_, info_, &size, &exif) == 0) {
    return Orientation::top_left;
  }
  return read_orientation({exif, size});
}

Picture PngReader::read() {
  if (!read_header()) {
    fail();
  }
  const std::uint32_t width = png_get_image_width(png_, info_);
  const std::uint32_t height = png_get_image_height(png_, info_);
  check_size(width, height);
  require_data(height);
  Picture picture = make_picture(width, height);
  if (!read_pixels(picture.rgb.data())) {
    fail();
  }
  return turn_upright(std::move(picture), orientation());
}

}  // namespace

bool codecs_are_built_in() {
  return true;
}

Picture decode_png(ByteSpan bytes) {
  return PngReader(bytes).read();
}

}  // namespace crayon::pictures
