#include "runtime/context/rule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "runtime/context/rules/rules.h"

namespace crayon::context {
namespace {

struct Row {
  std::string_view name;
  RulePointer (*make)(const RuleOptions& options);
};

constexpr std::array table = {
    Row{"infinipot", make_infinipot}, Row{"cap", make_cap},           Row{"nuc", make_nuc},
    Row{"keydiff", make_keydiff},     Row{"snapkv", make_snapkv},     Row{"tova", make_tova},
    Row{"streaming", make_streaming}, Row{"truncate", make_truncate},
};

constexpr auto names = [] {
  std::array<std::string_view, table.size()> all;
  std::ranges::transform(table, all.begin(), &Row::name);
  return all;
}();

void check(const RuleOptions& options) {
  if (!(options.surprise_share >= 0.0f && options.surprise_share <= 1.0f)) {
    throw Error(Code::bad_argument,
                fmt::format("a share of {} chosen by surprise", options.surprise_share),
                "choose 0 to 1");
  }
  if (options.observed == 0 || options.pooled % 2 == 0) {
    throw Error(Code::bad_argument,
                fmt::format("{} tokens to look from, pooled over {} neighbours", options.observed,
                            options.pooled),
                "look from one token at least, and pool over an odd number");
  }
}

}  // namespace

std::span<const std::string_view> rule_names() {
  return names;
}

std::unique_ptr<const Rule> make_rule(std::string_view name, const RuleOptions& options) {
  check(options);
  const auto row = std::ranges::find(table, name, &Row::name);
  if (row == table.end()) {
    throw Error(Code::bad_argument, fmt::format("there is no rule \"{}\" of distillation", name),
                fmt::format("choose one of {}", fmt::join(names, ", ")));
  }
  return row->make(options);
}

}  // namespace crayon::context
