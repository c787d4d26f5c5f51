// A Jinja chat template, as a model's file brings it.
#include "formats/importers/chat_template.h"

#include <array>

#include "base/error.h"
#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

void lay_out(const formats::ChatFormat& format) {
  const std::array<formats::Turn, 3> turns = {
      {{"user", " Hi\n"}, {"assistant", "</think>\n\nHello"}, {"user", ""}}};
  try {
    for (const formats::ChatPiece& piece : formats::lay_out(turns, format)) {
      require(piece.text.size() <= formats::max_chat_text_bytes, "a piece is of the format's size");
    }
  } catch (const Error& error) {
    require(error.code() == Code::bad_argument, "a format refuses a turn");
  }
}

void check(std::string_view source) {
  const formats::ChatFormat format = importers::read_chat_template(source, {"<s>", "</s>"});
  require(format.note.empty() || format.name == "plain", "who does not follow it says so");
  formats::check(format);
  lay_out(format);
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
