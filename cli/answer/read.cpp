#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/process.h"
#include "cli/answer/text_pieces.h"
#include "cli/engine.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "formats/hash.h"
#include "runtime/context/saved_pot.h"
#include "runtime/generation/open_turn.h"

namespace crayon::cli {
namespace {

struct Options {
  std::string model;
  std::string file;
  std::string system;
  std::string output;
  bool plain = false;
  EngineOptions engine;
  SessionOptions session;
  DistillOptions distill;
  Options() { distill.rule = "keydiff"; }
};

/// How a reading went, at certain numbers of tokens.
struct Milestone {
  std::uint64_t tokens;
  double seconds;
  std::uint64_t rss;
};

/// The text's tokens, piece by piece: as what a user begins to say, or as they are.
class Encoder {
 public:
  Encoder(const Options& options, const tokenizer::Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    if (!options.plain) {
      turn_.emplace(options.system, tokenizer.data().chat_format, tokenizer);
    }
  }

  std::uint32_t pinned() const { return turn_ ? static_cast<std::uint32_t>(turn_->pinned()) : 1; }

  std::vector<formats::Token> encode(const std::string& piece) {
    if (turn_) {
      return turn_->add(piece);
    }
    const bool starts = !begun_;
    begun_ = true;
    return tokenizer_.encode(piece, {.add_bos = starts, .continues = !starts});
  }

 private:
  const tokenizer::Tokenizer& tokenizer_;
  std::optional<generation::OpenTurn> turn_;
  bool begun_ = false;
};

/// Reads a text into a pot, and takes notes.
class Reading {
 public:
  Reading(const Engine& engine, context::Pot& pot)
      : pot_(pot), logits_(engine.model().config().vocab_size), began_(monotonic_seconds()) {}

  void read(std::span<const formats::Token> tokens) {
    while (!tokens.empty()) {
      const std::uint64_t to_next = next_milestone() - pot_.statistics().tokens;
      const auto some = tokens.first(std::min<std::uint64_t>(tokens.size(), to_next));
      pot_.read(some, logits_);
      tokens = tokens.subspan(some.size());
      check();
      note_progress();
    }
  }

  double seconds() const { return monotonic_seconds() - began_; }
  const std::vector<Milestone>& milestones() const { return milestones_; }
  /// Since the first distillation; nothing before that.
  std::optional<std::int64_t> rss_growth() const {
    return distilled_rss_ == 0 ? std::nullopt
                               : std::optional(static_cast<std::int64_t>(rss_bytes()) -
                                               static_cast<std::int64_t>(distilled_rss_));
  }

 private:
  std::uint64_t next_milestone() const {
    std::uint64_t next = 1000;
    for (std::size_t i = 0; i < milestones_.size(); ++i) {
      next *= 10;
    }
    return next;
  }

  void check() const {
    if (!std::ranges::all_of(logits_, [](float logit) { return std::isfinite(logit); })) {
      throw Error(
          Code::corrupt,
          fmt::format("behind {} tokens the model computes no numbers", pot_.statistics().tokens),
          "check the bundle: crayon verify");
    }
  }

  void note_progress() {
    const std::uint64_t read = pot_.statistics().tokens;
    if (distilled_rss_ == 0 && pot_.statistics().distillations != 0) {
      distilled_rss_ = rss_bytes();
    }
    if (read == next_milestone()) {
      milestones_.push_back({read, seconds(), rss_bytes()});
    }
  }

  context::Pot& pot_;
  std::vector<float> logits_;
  double began_;
  std::uint64_t distilled_rss_ = 0;
  std::vector<Milestone> milestones_;
};

Json milestones_json(const std::vector<Milestone>& milestones) {
  Json all = Json::array();
  Milestone before{};
  for (const Milestone& each : milestones) {
    const double seconds = each.seconds - before.seconds;
    all.push_back(
        {{"tokens", each.tokens},
         {"seconds", each.seconds},
         {"tokens_per_second", static_cast<double>(each.tokens - before.tokens) / seconds},
         {"rss_bytes", each.rss}});
    before = each;
  }
  return all;
}

void report(const Reading& reading, const context::Pot& pot, const Common& common) {
  const context::PotStatistics& done = pot.statistics();
  const double seconds = reading.seconds();
  if (common.json) {
    Json out = {{"tokens", done.tokens},
                {"positions", pot.session().position()},
                {"distillations", done.distillations},
                {"seconds", seconds},
                {"distil_seconds", done.distil_seconds},
                {"surprise_seconds", done.surprise_seconds},
                {"milestones", milestones_json(reading.milestones())}};
    if (const auto growth = reading.rss_growth()) {
      out["rss_growth_bytes"] = *growth;
    }
    print_json(out);
    return;
  }
  print(fmt::format("{} tokens read, {} positions held after {} distillations\n", done.tokens,
                    pot.session().position(), done.distillations));
  note(
      fmt::format("{:.1f} tokens/s; distilling took {:.1f} % of the time, measuring surprise "
                  "{:.1f} %",
                  static_cast<double>(done.tokens) / seconds, 100 * done.distil_seconds / seconds,
                  100 * done.surprise_seconds / seconds));
}

Exit read_text(const Options& options, const Common& common) {
  TextPieces pieces(options.file);
  const Engine engine(options.model, options.engine);
  if (engine.adapters().pool) {
    throw Error(Code::bad_argument, "a pool is blended for a question, and a text is none",
                "make an adapter of it first: crayon blend");
  }
  context::PotOptions pot_options = to_pot_options(options.distill, engine.tokenizer());
  note_memory(engine.memory(options.session, pot_options, 1));
  const auto session = engine.session(options.session, {});
  context::Pot pot(engine.model(), *session, std::move(pot_options));
  Encoder encoder(options, engine.tokenizer());
  pot.clear(encoder.pinned());
  Reading reading(engine, pot);
  formats::Hasher hasher;
  while (const std::optional<std::string> piece = pieces.next()) {
    hasher.update(as_bytes(*piece));
    reading.read(encoder.encode(*piece));
  }
  if (!options.output.empty()) {
    const context::SavedAs as{
        .adapters = engine.adapters_id(),
        .source =
            options.file == "-" ? "" : std::filesystem::path(options.file).filename().string(),
        .source_hash = formats::to_hex(hasher.finish())};
    context::save(pot, as, options.output);
  }
  report(reading, pot, common);
  return Exit::ok;
}

}  // namespace

Action declare_read(Command& command, const Common& common) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL", options->model, "A model bundle").required();
  command.add_option("-f,--file", options->file, "A text of any length; - is standard input")
      .required();
  command.add_option("-o,--output", options->output,
                     "State file to write, for --state of `crayon ask` and `crayon run`");
  command.add_option("--system", options->system, "Instructions that stand before it, and stay");
  command.add_flag("--plain", options->plain,
                   "Read the text as it is, for `crayon run`, and not as what a user says");
  add_adapter_option(command, options->engine);
  add_session_options(command, options->session);
  add_distill_options(command, options->distill);
  add_chat_format_option(command, options->engine.chat_format);
  add_engine_options(command, options->engine);
  return [options, &common] { return read_text(*options, common); };
}

}  // namespace crayon::cli
