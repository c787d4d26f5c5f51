// A text against the recogniser of JSON that a model's answers are held to.
#include "runtime/generation/json_guide.h"

#include <bitset>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/fuzz/fuzz.h"

namespace crayon::fuzz {
namespace {

using generation::JsonGuide;
using nlohmann::json;

/// Ends what the guide has accepted, by the first byte each time that leads on.
std::string completed(JsonGuide guide, std::string text) {
  constexpr std::string_view shortest = "\"}]:0eulrsa\\d89c{";
  constexpr std::size_t most_bytes = 1024;
  for (std::size_t more = 0; !guide.complete(); ++more) {
    require(more < most_bytes, "an object comes to an end");
    const std::bitset<256> next = guide.next();
    require(next.any(), "a beginning can go on");
    unsigned byte = 0;
    for (const char c : shortest) {
      if (next[static_cast<std::uint8_t>(c)]) {
        byte = static_cast<std::uint8_t>(c);
        break;
      }
    }
    while (!next[byte]) {
      ++byte;
    }
    const char c = static_cast<char>(byte);
    require(guide.push({&c, 1}), "a byte that may come next is accepted");
    text += c;
  }
  return text;
}

void check(std::string_view text) {
  JsonGuide guide;
  std::string taken;
  for (const char& c : text) {
    const std::string_view byte(&c, 1);
    const bool may_come = guide.next()[static_cast<std::uint8_t>(c)];
    require(guide.accepts(byte) == may_come, "what may come next is what is accepted");
    require(guide.push(byte) == may_come, "what is accepted is taken");
    if (!may_come) {
      break;
    }
    taken += c;
  }
  JsonGuide whole;
  require(whole.push(taken) && whole.complete() == guide.complete(),
          "bytes are taken together as they are one by one");
  const json parsed = json::parse(completed(guide, taken), nullptr, false);
  require(parsed.is_object(), "what is accepted begins a JSON object");
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
