#include "store/golden.h"

#include "store/json_file.h"

namespace crayon::store {
namespace {

constexpr const char* format = "crayon-golden-1";
constexpr std::uint64_t max_size = 1u << 20;

}  // namespace

Golden read_golden(const std::filesystem::path& path) {
  const JsonFile file(path, max_size, format);
  Golden golden;
  file.hex("model", golden.model);
  golden.prompt = file.text("prompt");
  golden.tokens = file.numbers("tokens");
  golden.seconds = file.number("seconds");
  if (golden.tokens.empty()) {
    file.fail("tokens", "a list of at least one token");
  }
  if (golden.seconds == 0) {
    file.fail("seconds", "above 0");
  }
  return golden;
}

void write_golden(const std::filesystem::path& path, const Golden& golden) {
  write_json(path, {{"format", format},
                    {"model", formats::to_hex(golden.model)},
                    {"prompt", golden.prompt},
                    {"tokens", golden.tokens},
                    {"seconds", golden.seconds}});
}

}  // namespace crayon::store
