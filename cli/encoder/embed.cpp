#include <fmt/format.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/emphasis_options.h"
#include "cli/encoder/npy.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/pictures/picture.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string encoder;
  std::vector<std::string> texts;
  std::vector<std::string> images;
  std::string output;  ///< an .npy file, or empty
  EmphasisOptions emphasis{.syntax = true, .weights = {}, .first_layer = 0};
  EngineOptions engine;
};

/// What was embedded.
struct Row {
  std::string name;  ///< a text as it was written, or an image's path
  bool is_image;
  std::vector<float> vector;  ///< [dim]
};

std::vector<Row> embed_all(const Options& options, EncoderEngine& engine) {
  std::vector<Row> rows;
  for (const std::string& text : options.texts) {
    rows.push_back(
        {text, false,
         engine.embed_text(read_emphasis(text, options.emphasis), options.emphasis.first_layer)});
  }
  for (const std::string& image : options.images) {
    rows.push_back({image, true, engine.embed_picture(pictures::read_picture(image))});
  }
  return rows;
}

double cosine(const Row& one, const Row& other) {
  return std::inner_product(one.vector.begin(), one.vector.end(), other.vector.begin(), 0.0);
}

/// How near each is to each, row by row.
void print_cosines(const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string line;
    for (std::size_t j = 0; j < rows.size(); ++j) {
      line += fmt::format("{:7.4f}", cosine(rows[i], rows[j]));
    }
    print(fmt::format("{} {:>3}  {}\n", line, i + 1, rows[i].name));
  }
}

Exit embed(const Options& options, const Common& common) {
  if (options.texts.empty() && options.images.empty()) {
    throw Error(Code::bad_argument, "there is nothing to embed", "give -p TEXT or --image FILE");
  }
  EncoderEngine engine(formats::Bundle::open(options.encoder), to_engine_options(options.engine));
  const std::vector<Row> rows = embed_all(options, engine);
  if (!options.output.empty()) {
    std::vector<float> all;
    for (const Row& row : rows) {
      all.insert(all.end(), row.vector.begin(), row.vector.end());
    }
    write_npy(all, engine.encoder().dim(), options.output);
  }
  if (common.json) {
    Json embeddings = Json::array();
    for (const Row& row : rows) {
      embeddings.push_back({{row.is_image ? "image" : "text", row.name}, {"vector", row.vector}});
    }
    print_json({{"dim", engine.encoder().dim()},
                {"logit_scale", engine.encoder().logit_scale()},
                {"embeddings", std::move(embeddings)}});
  } else if (options.output.empty()) {
    print_cosines(rows);
  }
  return Exit::ok;
}

}  // namespace

Action declare_embed(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("ENCODER", options->encoder, "An encoder bundle, made of a CLIP model")
      .required();
  command.add_option("-p,--prompt", options->texts, "A text to embed; repeatable").one_value_each();
  command
      .add_option("--image", options->images,
                  "A picture to embed, as PNG, JPEG, PPM or PGM; repeatable")
      .one_value_each();
  command.add_option("-o,--output", options->output,
                     "Write the vectors, texts first, to this .npy file: float32 [rows][dim]");
  add_emphasis_options(command, options->emphasis);
  add_engine_options(command, options->engine);
  return [options, &common] { return embed(*options, common); };
}

}  // namespace crayon::cli
