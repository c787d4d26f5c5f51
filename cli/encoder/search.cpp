#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/emphasis_options.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/pictures/picture.h"
#include "runtime/encoder/gallery.h"

namespace crayon::cli {
namespace {

using std::filesystem::path;

struct Options {
  std::string gallery;
  std::string text;   ///< or
  std::string image;  ///< a picture that others are to be like
  std::string encoder;
  std::uint32_t most = 5;
  std::string sweep;  ///< words to be tried with several weights
  EmphasisOptions emphasis{.syntax = true, .weights = {}, .first_layer = 0};
  EngineOptions engine;
};

/// The encoder that a gallery was made with: named, where it was, or beside the gallery.
path encoder_of(const Options& options, const formats::Bundle& gallery) {
  encoder::gallery_info(gallery);  // whether it is one
  if (!options.encoder.empty()) {
    return options.encoder;
  }
  const path noted = gallery.info().provenance.source;
  const path beside = path(options.gallery).parent_path() / noted.filename();
  for (const path& place : {noted, beside}) {
    if (!noted.empty() && std::filesystem::is_regular_file(place)) {
      return place;
    }
  }
  throw Error(Code::not_found,
              fmt::format("{}: its encoder, {}, is neither where it was nor beside it",
                          options.gallery, noted.string()),
              "name it: --encoder FILE");
}

Json hits_json(const std::vector<encoder::Hit>& hits, const formats::GalleryInfo& info) {
  Json list = Json::array();
  for (const encoder::Hit& hit : hits) {
    list.push_back({{"image", info.names[hit.image]}, {"cosine", hit.cosine}});
  }
  return list;
}

void print_hits(const std::vector<encoder::Hit>& hits, const formats::GalleryInfo& info) {
  for (const encoder::Hit& hit : hits) {
    print(fmt::format("{:.4f}  {}\n", hit.cosine,
                      (path(info.folder) / info.names[hit.image]).string()));
  }
}

class Search {
 public:
  explicit Search(const Options& options)
      : options_(options),
        bundle_(formats::Bundle::open(options.gallery)),
        engine_(formats::Bundle::open(encoder_of(options, bundle_)),
                to_engine_options(options.engine)),
        gallery_(bundle_, engine_.compute()) {
    if (gallery_.base() != engine_.encoder().id()) {
      throw Error(Code::wrong_base,
                  fmt::format("{} was made with another encoder than this", options.gallery),
                  "name the one that it was made with: --encoder FILE; or make it again: crayon "
                  "index");
    }
  }

  const formats::GalleryInfo& info() const { return gallery_.info(); }

  std::vector<encoder::Hit> run(const EmphasisOptions& emphasis) {
    return gallery_.search(
        options_.image.empty()
            ? engine_.embed_text(read_emphasis(options_.text, emphasis), emphasis.first_layer)
            : engine_.embed_picture(pictures::read_picture(options_.image)),
        options_.most);
  }

 private:
  const Options& options_;
  formats::Bundle bundle_;
  EncoderEngine engine_;
  encoder::Gallery gallery_;
};

/// What is found as the weight of some words goes from little to much.
Exit sweep(const Options& options, const Common& common, Search& search) {
  constexpr std::array weights = {0.2f, 0.5f, 1.0f, 2.0f, 4.0f};
  Json steps = Json::array();
  for (const float weight : weights) {
    EmphasisOptions emphasis = options.emphasis;
    emphasis.weights.push_back(fmt::format("{}={}", options.sweep, weight));
    const std::vector<encoder::Hit> hits = search.run(emphasis);
    if (common.json) {
      steps.push_back({{"weight", weight}, {"hits", hits_json(hits, search.info())}});
    } else {
      print(fmt::format("{} weighs {}\n", options.sweep, weight));
      print_hits(hits, search.info());
    }
  }
  if (common.json) {
    print_json({{"text", options.text}, {"words", options.sweep}, {"sweep", std::move(steps)}});
  }
  return Exit::ok;
}

Exit search(const Options& options, const Common& common) {
  if (options.text.empty() == options.image.empty()) {
    throw Error(Code::bad_argument, "there is not one thing to search for",
                "give either a TEXT or --image FILE");
  }
  if (options.text.empty() && (!options.sweep.empty() || !options.emphasis.weights.empty())) {
    throw Error(Code::bad_argument, "a picture has no words that could weigh something",
                "leave --weight and --sweep out, or search for a text");
  }
  Search search(options);
  if (!options.sweep.empty()) {
    return sweep(options, common, search);
  }
  const std::vector<encoder::Hit> hits = search.run(options.emphasis);
  if (common.json) {
    print_json({{options.image.empty() ? "text" : "image",
                 options.image.empty() ? options.text : options.image},
                {"hits", hits_json(hits, search.info())}});
  } else {
    print_hits(hits, search.info());
  }
  return Exit::ok;
}

}  // namespace

Action declare_search(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("INDEX", options->gallery, "A gallery that `crayon index` made").required();
  command.add_option("TEXT", options->text, "What the pictures are to show");
  command.add_option("--image", options->image, "Search for pictures like this one instead");
  command.add_option("--encoder", options->encoder,
                     "The encoder that the gallery was made with; default: where it was then, or "
                     "beside the gallery");
  command.add_option("-k,--most", options->most, "How many pictures to show at most")
      .within(1u, 1000000u)
      .show_default();
  command
      .add_option("--sweep", options->sweep,
                  "Show what is found as the weight of these words goes from 0.2 to 4")
      .value_name("WORDS");
  add_emphasis_options(command, options->emphasis);
  add_engine_options(command, options->engine);
  return [options, &common] { return search(*options, common); };
}

}  // namespace crayon::cli
