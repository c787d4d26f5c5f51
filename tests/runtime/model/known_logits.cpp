#include "tests/runtime/model/known_logits.h"

#include <zstd.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace crayon::test {

std::vector<formats::Token> read_ids(const std::filesystem::path& path) {
  return nlohmann::json::parse(read_text(path, 1 << 20)).get<std::vector<formats::Token>>();
}

std::vector<double> read_logits(const std::filesystem::path& path) {
  const std::string stored = read_text(path, 64 << 20);
  const auto size = ZSTD_getFrameContentSize(stored.data(), stored.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) {
    throw std::runtime_error(path.string() + " is no zstd frame of known size");
  }
  std::vector<std::uint8_t> bytes(size);
  if (ZSTD_decompress(bytes.data(), bytes.size(), stored.data(), stored.size()) != size) {
    throw std::runtime_error(path.string() + " does not decompress");
  }
  std::vector<double> logits;
  for (std::size_t i = 0; i + sizeof(float) <= bytes.size(); i += sizeof(float)) {
    logits.push_back(static_cast<double>(load_le<float>(&bytes[i])));
  }
  return logits;
}

}  // namespace crayon::test
