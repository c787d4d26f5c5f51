// crayon-train scenes: pictures of coloured shapes with captions and labels, from the generator.

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "base/folder.h"
#include "train/scenes/caption.h"
#include "train/scenes/picture.h"
#include "train/verbs/verbs.h"

namespace crayon::train {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::filesystem::path output;
  std::uint64_t count = 1000;
  std::uint64_t seed = 1;
  std::size_t size = 48;
  std::size_t things = 2;
};

Json labels_of(const scenes::Thing& thing) {
  return {{"shape", scenes::word(scenes::shape_words, thing.shape)},
          {"color", scenes::word(scenes::color_words, thing.color)},
          {"size", scenes::word(scenes::extent_words, thing.extent)},
          {"place", scenes::word(scenes::place_words, thing.place)}};
}

/// One line of captions.jsonl: the labels of the first thing stand outside, those of the other
/// thing under "second".
std::string to_json(const std::string& image, const scenes::Scene& scene,
                    const scenes::Caption& caption) {
  Json line = {{"image", image}, {"caption", caption.text}};
  line.update(labels_of(scene.things.front()));
  line["background"] = scenes::word(scenes::ground_words, scene.ground);
  if (scene.things.size() > 1) {
    line["second"] = labels_of(scene.things[1]);
  }
  return line.dump() + "\n";
}

Exit run(const Options& options) {
  make_folder(options.output);
  // Written last: a folder without it is of a run that did not end.
  const std::filesystem::path captions = options.output / "captions.jsonl";
  remove_file(captions);
  std::string lines;
  for (std::uint64_t i = 0; i < options.count; ++i) {
    Random random = scenes::item_random(options.seed, i);
    const scenes::Scene scene = scenes::draw_scene(random, options.things);
    const std::string name = fmt::format("{:05}.ppm", i + 1);
    scenes::write_ppm(scenes::paint(scene, options.size), options.output / name);
    lines += to_json(name, scene, scenes::describe(scene, random));
  }
  write_text(captions, lines);
  return Exit::ok;
}

}  // namespace

Action declare_scenes(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  command.add_option("-o,--output", options->output, "The folder of pictures and captions.jsonl")
      ->required();
  command.add_option("-n,--count", options->count, "Pictures")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command.add_option("-s,--seed", options->seed, "The same seed gives the same pictures")
      ->capture_default_str();
  command.add_option("--size", options->size, "Pixels a side")
      ->capture_default_str()
      ->check(CLI::Range(8, 4096));
  command.add_option("--things", options->things, "Shapes in a picture, at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 2));
  return [options] { return run(*options); };
}

}  // namespace crayon::train
