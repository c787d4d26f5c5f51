#include "tests/formats/bad_index.h"

#include <string>

#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::test {

using formats::BundleKind;
using formats::Dtype;
using formats::header_size;
using formats::Index;
using formats::LinearProbe;
using formats::Routing;
using formats::TokenizerKind;

Routing good_routing() {
  return {.share = 0.2f,
          .examples = 40,
          .signals = {{.name = "probe", .threshold = 0.25, .auroc = 0.85f, .decides = false},
                      {.name = "least_log_probability", .threshold = -1.5, .decides = true}},
          .probe = LinearProbe{{2, true}, {0.5f, -1.0f}, 0.125f}};
}

Index good_index(BundleKind kind) {
  Index index;
  index.info.kind = kind;
  index.info.provenance = {.source = "s", .source_hash = "", .tool = "t", .licence = ""};
  index.frames = {{.offset = header_size, .stored_size = 30, .decoded_size = 40},
                  {.offset = header_size + 30, .stored_size = 900000, .decoded_size = 1 << 20},
                  {.offset = header_size + 900030, .stored_size = 50, .decoded_size = 60}};
  index.info.tensors = {
      {.name = "indicators", .dtype = Dtype::f32, .shape = {.rows = 2, .cols = 4}},
      {.name = "b", .dtype = Dtype::i8, .shape = {.rows = 1, .cols = 4}, .offset = 32},
      {.name = "c", .dtype = Dtype::f16, .shape = {.rows = 1, .cols = 1 << 19}, .first_frame = 1},
      {.name = "d", .dtype = Dtype::f32, .shape = {.rows = 1, .cols = 5}, .first_frame = 2},
      {.name = "e",
       .dtype = Dtype::f32,
       .shape = {.rows = 5, .cols = 2},
       .first_frame = 2,
       .offset = 20}};
  if (kind == BundleKind::model) {
    index.info.config = sample_config();
    index.info.tokenizer = sample_tokenizer(TokenizerKind::byte_bpe);
    return index;
  }
  index.info.base = formats::Hash{1};
  index.info.adapters = {{.name = "first", .rank = 8, .scale = 2.0f}};
  if (kind == BundleKind::pool) {
    index.info.adapters.push_back({.name = "second", .rank = 1024, .scale = -1.0f});
    index.info.pool_tau = 0.5f;
  }
  return index;
}

void PrintTo(const BadIndex& bad, std::ostream* out) {
  *out << bad.name;
}

void expect_refused(const BadIndex& bad) {
  Index index = good_index(bad.kind);
  bad.spoil(index);
  std::string sentence;
  const Code code = code_of(
      [&] {
        formats::check_index(formats::decode_index(formats::encode_index(index)), good_data_end);
      },
      &sentence);
  EXPECT_STREQ(code_name(code), code_name(bad.code)) << sentence;
  EXPECT_TRUE(sentence.starts_with(std::string("index.") + bad.field)) << sentence;
}

}  // namespace crayon::test
