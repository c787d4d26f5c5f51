#include "tests/formats/pictures/encoded_pictures.h"

#include <png.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
// Behind <cstdio>, whose FILE it uses.
#include <jpeglib.h>

namespace crayon::test {
namespace {

void append(png_structp png, png_bytep data, std::size_t size) {
  auto& out = *static_cast<Bytes*>(png_get_io_ptr(png));
  out.insert(out.end(), data, data + size);
}

}  // namespace

Bytes encode_png(const PngParts& parts) {
  Bytes out;
  // Its own handler of errors ends the program, which a wrong test may.
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &out, append, nullptr);
  png_set_IHDR(png, info, parts.width, parts.height, parts.bit_depth, parts.colour_type,
               parts.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!parts.palette.empty()) {
    png_set_PLTE(png, info, reinterpret_cast<png_const_colorp>(parts.palette.data()),
                 static_cast<int>(parts.palette.size() / 3));
  }
  if (!parts.alphas.empty()) {
    png_set_tRNS(png, info, parts.alphas.data(), static_cast<int>(parts.alphas.size()), nullptr);
  }
  Bytes exif = parts.exif;
  if (!exif.empty()) {
    png_set_eXIf_1(png, info, static_cast<png_uint_32>(exif.size()), exif.data());
  }
  png_write_info(png, info);
  const std::size_t row_bytes = parts.rows.size() / parts.height;
  const int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass) {
    for (std::uint32_t y = 0; y < parts.height; ++y) {
      png_write_row(png, &parts.rows[y * row_bytes]);
    }
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return out;
}

Bytes encode_jpeg(const JpegParts& parts) {
  jpeg_error_mgr errors;
  jpeg_compress_struct jpeg;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &memory, &size);
  jpeg.image_width = parts.width;
  jpeg.image_height = parts.height;
  jpeg.input_components = parts.components;
  jpeg.in_color_space = parts.components == 1   ? JCS_GRAYSCALE
                        : parts.components == 3 ? JCS_RGB
                                                : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (parts.progressive) {
    jpeg_simple_progression(&jpeg);
  }
  jpeg_start_compress(&jpeg, TRUE);
  if (!parts.exif.empty()) {
    Bytes marker = {'E', 'x', 'i', 'f', 0, 0};
    marker.insert(marker.end(), parts.exif.begin(), parts.exif.end());
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, marker.data(), static_cast<unsigned>(marker.size()));
  }
  while (jpeg.next_scanline < parts.height) {
    const std::size_t start = std::size_t{jpeg.next_scanline} * parts.width * parts.components;
    auto* row = const_cast<JSAMPROW>(&parts.samples[start]);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  Bytes out(memory, memory + size);
  std::free(memory);
  return out;
}

Bytes exif_of(std::uint8_t orientation, bool big_endian) {
  // Header, offset of the directory, one entry, no further directory.
  if (big_endian) {
    return {'M', 'M', 0, 42, 0, 0, 0,           8, 0, 1, 1, 0x12, 0,
            3,   0,   0, 0,  1, 0, orientation, 0, 0, 0, 0, 0,    0};
  }
  return {'I', 'I', 42, 0, 8, 0,           0, 0, 1, 0, 0x12, 1, 3,
          0,   1,   0,  0, 0, orientation, 0, 0, 0, 0, 0,    0, 0};
}

Bytes bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

}  // namespace crayon::test
