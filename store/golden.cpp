#include "store/golden.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>

#include "base/file.h"
#include "store/text_file.h"

namespace crayon::store {
namespace {

constexpr const char* format = "crayon-golden 1";
constexpr std::uint64_t max_size = 1u << 20;

std::vector<formats::Token> read_tokens(const TextFile& file) {
  std::vector<formats::Token> tokens;
  for (const Record& record : file.records()) {
    for (std::size_t i = 0; record.field == "tokens" && i < record.values.size(); ++i) {
      const std::uint64_t token = file.number(record, i);
      if (token > std::uint64_t{std::numeric_limits<formats::Token>::max()}) {
        file.fail("tokens", "followed by tokens");
      }
      tokens.push_back(static_cast<formats::Token>(token));
    }
  }
  if (tokens.empty()) {
    file.fail("tokens", "followed by a token");
  }
  return tokens;
}

}  // namespace

Golden read_golden(const std::filesystem::path& path) {
  const TextFile file(path, max_size, format, "prompt");
  Golden golden;
  file.hex(file.one("model", 1), 0, golden.model);
  golden.seconds = file.number(file.one("seconds", 1), 0);
  golden.tokens = read_tokens(file);
  golden.prompt = file.last();
  if (golden.seconds == 0) {
    file.fail("seconds", "above 0");
  }
  return golden;
}

void write_golden(const std::filesystem::path& path, const Golden& golden) {
  write_text(path, fmt::format("{}\nmodel {}\nseconds {}\ntokens {}\nprompt\n{}", format,
                               formats::to_hex(golden.model), golden.seconds,
                               fmt::join(golden.tokens, " "), golden.prompt));
}

}  // namespace crayon::store
