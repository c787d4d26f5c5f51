#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "formats/pictures/decoders.h"

namespace crayon::pictures {
namespace {

constexpr std::uint32_t largest_sample = 65535;
constexpr std::uint64_t largest_number = 1'000'000'000;  // stands for all that are larger

bool is_space(std::uint8_t byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

bool is_digit(std::uint8_t byte) {
  return byte >= '0' && byte <= '9';
}

[[noreturn]] void fail_truncated(std::string_view field) {
  throw Error(Code::truncated, fmt::format("the picture ends inside {}", field),
              "copy or download the file again");
}

class PnmReader {
 public:
  /// Behind the two bytes that name the format.
  explicit PnmReader(ByteSpan bytes) : left_(bytes) {}

  /// The next number in decimal digits, behind white space and comments, of which there must be
  /// some.
  std::uint64_t read_number(std::string_view field) {
    skip_space(field);
    if (!is_digit(left_.front())) {
      throw Error(Code::malformed, fmt::format("{} is not a decimal number", field),
                  "get or make the file again");
    }
    std::uint64_t value = 0;
    while (!left_.empty() && is_digit(left_.front())) {
      value = std::min(value * 10 + (left_.front() - '0'), largest_number);
      left_ = left_.subspan(1);
    }
    return value;
  }

  /// The one white space that stands between a header and binary samples.
  void skip_end_of_header() {
    if (left_.empty()) {
      fail_truncated("its header");
    }
    if (!is_space(left_.front())) {
      throw Error(Code::malformed, "no white space behind the maximum",
                  "get or make the file again");
    }
    left_ = left_.subspan(1);
  }

  /// Throws truncated unless `count` samples of at least `bytes_each` can still follow.
  void require_samples(std::uint64_t count, std::uint64_t bytes_each) const {
    if (count > left_.size() / bytes_each) {
      fail_truncated(fmt::format("its {} samples", count));
    }
  }

  /// A binary sample, most significant byte first; require_samples has seen that it is there.
  std::uint32_t take_sample(std::uint64_t bytes_each) {
    std::uint32_t value = left_[0];
    if (bytes_each == 2) {
      value = value << 8 | left_[1];
    }
    left_ = left_.subspan(bytes_each);
    return value;
  }

 private:
  void skip_space(std::string_view field) {
    bool skipped = false;
    while (!left_.empty() && (is_space(left_.front()) || left_.front() == '#')) {
      skipped = true;
      const auto end = left_.front() == '#' ? std::ranges::find(left_, '\n') : left_.begin() + 1;
      left_ = left_.subspan(end - left_.begin());
    }
    if (left_.empty()) {
      fail_truncated(field);
    }
    if (!skipped) {
      throw Error(Code::malformed, fmt::format("no white space in front of {}", field),
                  "get or make the file again");
    }
  }

  ByteSpan left_;
};

/// To 0..255, to the nearest.
std::uint8_t scale_sample(std::uint64_t value, std::uint32_t maximum) {
  if (value > maximum) {
    throw Error(Code::malformed,
                fmt::format("a sample is {}, above the maximum of {}", value, maximum),
                "get or make the file again");
  }
  return static_cast<std::uint8_t>((value * 255 + maximum / 2) / maximum);
}

}  // namespace

Picture decode_pnm(ByteSpan bytes) {
  const std::uint8_t kind = bytes[1];
  const bool plain = kind == '2' || kind == '3';
  const bool grey = kind == '2' || kind == '5';
  if (!plain && kind != '5' && kind != '6') {
    throw Error(Code::unsupported,
                fmt::format("a picture of Netpbm's kind P{}", static_cast<char>(kind)),
                "convert it to a PPM of kind P6");
  }
  PnmReader reader(bytes.subspan(2));
  const std::uint64_t width = reader.read_number("the width");
  const std::uint64_t height = reader.read_number("the height");
  check_size(width, height);
  const std::uint64_t maximum = reader.read_number("the maximum");
  if (maximum == 0 || maximum > largest_sample) {
    throw Error(Code::malformed, fmt::format("a maximum of {}, not in 1..65535", maximum),
                "get or make the file again");
  }
  const std::uint64_t bytes_each = plain || maximum > 255 ? 2 : 1;  // plain: a space and a digit
  if (!plain) {
    reader.skip_end_of_header();
  }
  const std::uint64_t channels = grey ? 1 : 3;
  reader.require_samples(width * height * channels, bytes_each);
  Picture picture = make_picture(width, height);
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3 / channels) {
    const std::uint64_t sample =
        plain ? reader.read_number("its samples") : reader.take_sample(bytes_each);
    std::fill_n(picture.rgb.begin() + i, 3 / channels,
                scale_sample(sample, static_cast<std::uint32_t>(maximum)));
  }
  return picture;
}

}  // namespace crayon::pictures
