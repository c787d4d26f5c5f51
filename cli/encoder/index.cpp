#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "formats/pictures/picture.h"
#include "runtime/encoder/gallery.h"

namespace crayon::cli {
namespace {

using std::filesystem::path;

struct Options {
  std::string encoder;
  std::string folder;
  std::string output;
  bool skip_bad = false;
  EngineOptions engine;
};

/// By its name: other files of a folder are nobody's concern.
bool is_picture(const path& file) {
  constexpr std::array<std::string_view, 6> endings = {".png", ".jpg", ".jpeg",
                                                       ".ppm", ".pgm", ".pnm"};
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return std::ranges::find(endings, ending) != endings.end();
}

/// The pictures below a folder, in the order of their names.
std::vector<path> pictures_in(const path& folder) {
  if (!std::filesystem::is_directory(folder)) {
    throw Error(Code::not_found, fmt::format("{} is no folder", folder.string()),
                "name the folder that the pictures are in");
  }
  std::vector<path> pictures;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_picture(entry.path())) {
      pictures.push_back(entry.path());
    }
  }
  std::ranges::sort(pictures);
  if (pictures.empty()) {
    throw Error(Code::not_found, fmt::format("{} has no picture", folder.string()),
                "pictures are files that end in .png, .jpg, .jpeg, .ppm, .pgm or .pnm");
  }
  return pictures;
}

/// What became of a folder's pictures.
struct Indexed {
  formats::GalleryInfo gallery;
  std::vector<float> embeddings;     ///< [gallery.names][dim]
  std::vector<std::string> skipped;  ///< the sentence of each
};

Indexed embed_folder(const Options& options, EncoderEngine& engine) {
  const std::vector<path> pictures = pictures_in(options.folder);
  Indexed indexed;
  indexed.gallery.folder = options.folder;
  Progress progress("embedding", "pictures");
  for (const path& picture : pictures) {
    try {
      const std::vector<float> vector = engine.embed_picture(pictures::read_picture(picture));
      indexed.embeddings.insert(indexed.embeddings.end(), vector.begin(), vector.end());
      indexed.gallery.names.push_back(picture.lexically_relative(options.folder).string());
    } catch (const Error& error) {
      if (!options.skip_bad) {
        throw Error(error.code(), error.what(), "mend the picture, or leave it out: --skip-bad");
      }
      indexed.skipped.emplace_back(error.what());
    }
    progress.update(indexed.gallery.names.size() + indexed.skipped.size(), pictures.size());
  }
  return indexed;
}

Exit index(const Options& options, const Common& common) {
  EncoderEngine engine(formats::Bundle::open(options.encoder), to_engine_options(options.engine));
  const Indexed indexed = embed_folder(options, engine);
  const formats::Hash id =
      encoder::write_gallery(indexed.gallery, indexed.embeddings,
                             {engine.encoder().id(), options.encoder}, options.output);
  for (const std::string& sentence : indexed.skipped) {
    note("skipped: " + sentence);
  }
  if (common.json) {
    print_json({{"id", formats::to_hex(id)},
                {"pictures", indexed.gallery.names.size()},
                {"skipped", indexed.skipped}});
  } else {
    print(fmt::format("{}: {} pictures\n", options.output, indexed.gallery.names.size()));
  }
  return Exit::ok;
}

}  // namespace

Action declare_index(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("ENCODER", options->encoder, "An encoder bundle, made of a CLIP model")
      .required();
  command
      .add_option("FOLDER", options->folder,
                  "Pictures, in folders below it too: PNG, JPEG, PPM or PGM")
      .required();
  command.add_option("-o,--output", options->output, "The gallery bundle to write").required();
  command.add_flag("--skip-bad", options->skip_bad,
                   "Go on when a picture cannot be read, and name it");
  add_engine_options(command, options->engine);
  return [options, &common] { return index(*options, common); };
}

}  // namespace crayon::cli
