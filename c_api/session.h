#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "c_api/handle.h"
#include "c_api/model.h"
#include "runtime/context/pot.h"
#include "runtime/emphasis/syntax.h"
#include "runtime/engine/session_options.h"
#include "runtime/generation/generator.h"

namespace crayon::c_api {

/// `kv`: CRAYON_KV_...; throws bad_argument for any other.
engine::SessionOptions to_session_options(std::uint32_t context, std::int32_t kv);
/// `rule` null: a full context is an error.
context::PotOptions to_pot_options(const char* rule, float keep,
                                   const tokenizer::Tokenizer& tokenizer);

/// A text that goes on, in a pot.
class Conversation {
 public:
  Conversation(SharedModel model, const crayon_session_options& options);

  void clear();
  void read(const char* text);
  /// Reads the prompt and goes on from it.
  generation::Generated generate(const emphasis::EmphasisedText& prompt,
                                 const generation::GenerateOptions& options,
                                 const generation::OnProgress& on_progress);
  void save(const char* path) const;
  void restore(const char* path);
  crayon_counters counters() const;

 private:
  std::vector<formats::Token> encode(const std::string& text) const;
  void check_turn_is_open() const;
  void check_room(std::size_t tokens) const;
  void read_last(const generation::Generated& done, std::uint64_t expected);
  /// Those that were read and kept or dropped since the session was empty.
  std::uint64_t tokens_held() const { return pot_->dropped() + pot_->session().position(); }
  bool begun() const { return tokens_held() != 0; }

  SharedModel model_;
  bool as_turn_;
  std::string system_;
  formats::Hash adapters_id_{};
  std::unique_ptr<model::Session> session_;
  std::unique_ptr<context::Pot> pot_;
  bool answered_ = false;  // as_turn: the user's turn has ended
  crayon_counters counters_{};
};

}  // namespace crayon::c_api

struct crayon_session final : crayon::c_api::Handle {
  static constexpr auto its_kind = crayon::c_api::Kind::session;
  static constexpr bool one_call_at_a_time = true;

  crayon_session(const crayon::c_api::SharedModel& model, const crayon_session_options& options)
      : Handle(its_kind, model->runtime), conversation(std::in_place, model, options) {}
  void release() override { conversation.reset(); }

  std::optional<crayon::c_api::Conversation> conversation;
};
