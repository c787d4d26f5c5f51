#pragma once

#include <gtest/gtest.h>

#include "formats/importers/importers.h"
#include "tests/formats/importers/tiny_llama.h"
#include "tests/support/support.h"

namespace crayon::test {

/// Writes GGUF files and imports them.
class WithGguf : public testing::Test {
 protected:
  std::filesystem::path write(ByteSpan bytes) {
    write_file(folder_ / "model.gguf", bytes);
    return folder_ / "model.gguf";
  }
  std::filesystem::path write(const GgufWriter& writer) { return write(writer.bytes()); }
  formats::ModelSource import(const GgufWriter& writer) {
    return importers::import_model(write(writer), {});
  }
  Code failure(const GgufWriter& writer, std::string* sentence = nullptr) {
    return code_of([&] { import(writer); }, sentence);
  }

  TempDir folder_;
};

}  // namespace crayon::test
