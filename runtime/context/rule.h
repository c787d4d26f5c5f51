#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/context/head_view.h"
#include "runtime/context/selection.h"

namespace crayon::context {

/// Settings of the rules; each takes what is its own.
struct RuleOptions {
  float surprise_share = 0.5f;  ///< infinipot: of what is kept, that is chosen by surprise
  std::uint32_t sinks = 4;      ///< streaming: first entries
  std::uint32_t observed = 32;  ///< snapkv: last tokens, which are kept and looked from
  std::uint32_t pooled = 7;     ///< snapkv: neighbours whose attention is taken together; odd
};

/// What a rule must be given.
struct Needs {
  bool surprise = false;      ///< of every token
  bool catalyst = false;      ///< queries of a prompt that is run for the purpose
  std::uint32_t queries = 0;  ///< of so many last tokens, without a catalyst
};

/// Decides what stays of a head's entries when a pot is full.
class Rule {
 public:
  virtual ~Rule() = default;
  virtual Needs needs() const = 0;
  /// Takes entries until none is left to take. Const and without state: several threads ask.
  virtual void choose(HeadView& head, Selection& selection) const = 0;
};

/// The rules by name. "none" is none of them: it means that a full context is an error.
///  * infinipot: half of them the most surprising tokens, the others those that a catalyst prompt
///    attends to (Kim et al. 2024); cap: only the latter; nuc: only the former
///  * keydiff: keys that are least like the mean key (Park et al. 2025)
///  * snapkv: what the last tokens attend to, pooled over neighbours (Li et al. 2024)
///  * tova: what the last token attends to (Oren et al. 2024)
///  * streaming: the first four and the last ones (Xiao et al. 2024)
///  * truncate: the first half and the last half
std::span<const std::string_view> rule_names();

/// Throws bad_argument for a name that is not one of them, and for options out of range.
std::unique_ptr<const Rule> make_rule(std::string_view name, const RuleOptions& options);

}  // namespace crayon::context
