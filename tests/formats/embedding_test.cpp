#include "formats/embedding.h"

#include <gtest/gtest.h>

#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

TEST(EmbeddingName, ComesBack) {
  for (const char* name : {"query-mean", "hidden-1-mean", "hidden-1-last", "hidden-24-mean"}) {
    EXPECT_EQ(embedding_name(parse_embedding(name)), name);
  }
  EXPECT_EQ(parse_embedding("query-mean"), Embedding());
  EXPECT_EQ(parse_embedding("hidden-24-last"), (Embedding{24, true}));
}

TEST(EmbeddingName, OthersAreNotKnown) {
  for (const char* name :
       {"", "query", "query-last", "query-mean ", "hidden", "hidden-", "hidden-0-mean",
        "hidden--mean", "hidden-01-mean", "hidden-+1-mean", "hidden--1-mean", "hidden-1",
        "hidden-1-most", "hidden-1-mean-last", "hidden-4294967297-mean", "Hidden-1-mean"}) {
    EXPECT_EQ(test::code_of([&] { parse_embedding(name); }), Code::unsupported) << name;
  }
}

TEST(Embedding, FitsAModelOfSoManyLayers) {
  ModelConfig config = test::sample_config();
  config.head_dim = 6;
  Embedding{2, true}.check(config);
  EXPECT_EQ(test::code_of([&] { Embedding{3, false}.check(config); }), Code::corrupt);
  EXPECT_EQ(Embedding().dim(config), 24u);
  EXPECT_EQ((Embedding{1, false}.dim(config)), 8u);
}

}  // namespace
}  // namespace crayon::formats
