#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
// Behind <cstdio>, whose FILE it uses.
#include <jerror.h>
#include <jpeglib.h>

#include "base/error.h"
#include "formats/pictures/decoders.h"
#include "formats/pictures/orientation.h"

namespace crayon::pictures {
namespace {

constexpr int exif_marker = JPEG_APP0 + 1;
constexpr std::string_view exif_name = {"Exif\0\0", 6};
// Each scan goes over the whole picture, and takes a few bytes where it says nothing. Encoders
// write ten.
constexpr int most_scans = 100;
// A block of 8 x 8 has a bit at least, and one component can have a quarter of the blocks' rows,
// another a quarter of their columns.
constexpr std::uint64_t most_pixels_of_a_byte = 8 * 8 * 8 * 4;

/// libjpeg's state. It reports an error by its callback error_exit, which must not return: here by
/// a longjmp into the frame that last called setjmp. Each function here that returns bool is one,
/// in which nothing has a destructor, and is false then.
class JpegReader {
 public:
  explicit JpegReader(ByteSpan bytes);
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Picture read();

 private:
  bool read_header();
  bool read_pixels(std::uint8_t* rgb);
  void check_colours() const;
  void require_data() const;
  Orientation orientation() const;
  [[noreturn]] void fail() const;

  static JpegReader& self(j_common_ptr jpeg) {
    return *static_cast<JpegReader*>(jpeg->client_data);
  }
  [[noreturn]] void jump_out(Code code, const char* message);
  [[noreturn]] static void on_error(j_common_ptr jpeg);
  static void on_message(j_common_ptr jpeg, int level);
  static void on_output(j_common_ptr) {}
  static void on_source(j_decompress_ptr) {}
  static boolean on_end_of_data(j_decompress_ptr jpeg);
  static void on_skip(j_decompress_ptr jpeg, long size);
  static void on_progress(j_common_ptr jpeg);

  ByteSpan bytes_;
  Code code_ = Code::malformed;
  std::array<char, JMSG_LENGTH_MAX> message_ = {};
  std::jmp_buf failed_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_source_mgr source_ = {};
  jpeg_progress_mgr progress_ = {};
  jpeg_decompress_struct jpeg_ = {};
};

JpegReader::JpegReader(ByteSpan bytes) : bytes_(bytes) {
  jpeg_.err = jpeg_std_error(&errors_);
  errors_.error_exit = on_error;
  errors_.emit_message = on_message;
  errors_.output_message = on_output;
  jpeg_.client_data = this;
  source_.next_input_byte = bytes.data();
  source_.bytes_in_buffer = bytes.size();
  source_.init_source = on_source;
  source_.fill_input_buffer = on_end_of_data;
  source_.skip_input_data = on_skip;
  source_.resync_to_restart = jpeg_resync_to_restart;
  source_.term_source = on_source;
  progress_.progress_monitor = on_progress;
}

void JpegReader::jump_out(Code code, const char* message) {
  code_ = code;
  std::snprintf(message_.data(), message_.size(), "%s", message);
  std::longjmp(failed_, 1);
}

void JpegReader::on_error(j_common_ptr jpeg) {
  char message[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, message);
  switch (jpeg->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
      self(jpeg).jump_out(Code::out_of_memory, message);
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
      self(jpeg).jump_out(Code::unsupported, message);
    case JERR_IMAGE_TOO_BIG:
      self(jpeg).jump_out(Code::over_limit, message);
    default:
      self(jpeg).jump_out(Code::malformed, message);
  }
}

/// Behind other damage libjpeg goes on, as all programs do, but a scan that ends early would leave
/// a part of the picture grey.
void JpegReader::on_message(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code == JWRN_HIT_MARKER) {
    self(jpeg).jump_out(Code::truncated, "a scan ends too early");
  }
}

boolean JpegReader::on_end_of_data(j_decompress_ptr jpeg) {
  self(reinterpret_cast<j_common_ptr>(jpeg)).jump_out(Code::truncated, "the file ends too early");
}

void JpegReader::on_skip(j_decompress_ptr jpeg, long size) {
  if (size <= 0) {
    return;
  }
  if (static_cast<std::size_t>(size) > jpeg->src->bytes_in_buffer) {
    on_end_of_data(jpeg);
  }
  jpeg->src->next_input_byte += size;
  jpeg->src->bytes_in_buffer -= size;
}

void JpegReader::on_progress(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number > most_scans) {
    self(jpeg).jump_out(Code::over_limit, "more scans than any encoder writes");
  }
}

void JpegReader::fail() const {
  throw Error(code_, fmt::format("JPEG: {}", message_.data()),
              code_ == Code::truncated || code_ == Code::malformed
                  ? "copy or download the file again"
                  : "convert it to a PNG or a baseline JPEG");
}

bool JpegReader::read_header() {
  if (setjmp(failed_) != 0) {
    return false;
  }
  jpeg_create_decompress(&jpeg_);
  jpeg_.src = &source_;
  jpeg_.progress = &progress_;
  jpeg_save_markers(&jpeg_, exif_marker, 0xffff);
  jpeg_read_header(&jpeg_, TRUE);
  return true;
}

bool JpegReader::read_pixels(std::uint8_t* rgb) {
  if (setjmp(failed_) != 0) {
    return false;
  }
  jpeg_.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg_);
  while (jpeg_.output_scanline < jpeg_.output_height) {
    JSAMPROW row = rgb + std::size_t{3} * jpeg_.output_width * jpeg_.output_scanline;
    jpeg_read_scanlines(&jpeg_, &row, 1);
  }
  jpeg_finish_decompress(&jpeg_);
  return true;
}

void JpegReader::check_colours() const {
  const J_COLOR_SPACE colours = jpeg_.jpeg_color_space;
  if (colours != JCS_GRAYSCALE && colours != JCS_YCbCr && colours != JCS_RGB) {
    const bool cmyk = colours == JCS_CMYK || colours == JCS_YCCK;
    throw Error(Code::unsupported,
                cmyk ? std::string("JPEG: its colours are CMYK, those of printers")
                     : fmt::format("JPEG: {} components, not 1 or 3", jpeg_.num_components),
                "convert it to RGB");
  }
}

/// Throws truncated when the file is too small for its blocks, so that a few bytes never claim
/// memory for a large picture.
void JpegReader::require_data() const {
  const std::uint64_t pixels = std::uint64_t{jpeg_.image_width} * jpeg_.image_height;
  if (pixels / most_pixels_of_a_byte > bytes_.size() && !jpeg_.arith_code) {
    throw Error(Code::truncated,
                fmt::format("JPEG: {} bytes cannot hold {} pixels", bytes_.size(), pixels),
                "copy or download the file again");
  }
}

Orientation JpegReader::orientation() const {
  for (jpeg_saved_marker_ptr marker = jpeg_.marker_list; marker != nullptr; marker = marker->next) {
    const ByteSpan data(marker->data, marker->data_length);
    if (data.size() >= exif_name.size() &&
        std::ranges::equal(data.first(exif_name.size()), as_bytes(exif_name))) {
      return read_orientation(data.subspan(exif_name.size()));
    }
  }
  return Orientation::top_left;
}

Picture JpegReader::read() {
  if (!read_header()) {
    fail();
  }
  check_size(jpeg_.image_width, jpeg_.image_height);
  check_colours();
  require_data();
  const Orientation turned = orientation();
  Picture picture = make_picture(jpeg_.image_width, jpeg_.image_height);
  if (!read_pixels(picture.rgb.data())) {
    fail();
  }
  return turn_upright(std::move(picture), turned);
}

}  // namespace

Picture decode_jpeg(ByteSpan bytes) {
  return JpegReader(bytes).read();
}

}  // namespace crayon::pictures
