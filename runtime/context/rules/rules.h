#pragma once

#include <memory>

#include "runtime/context/rule.h"

namespace crayon::context {

using RulePointer = std::unique_ptr<const Rule>;

// rules/attention_rules.cpp
RulePointer make_cap(const RuleOptions& options);
RulePointer make_snapkv(const RuleOptions& options);
RulePointer make_tova(const RuleOptions& options);
// rules/surprise_rules.cpp
RulePointer make_nuc(const RuleOptions& options);
RulePointer make_infinipot(const RuleOptions& options);
// rules/keydiff.cpp
RulePointer make_keydiff(const RuleOptions& options);
// rules/place_rules.cpp
RulePointer make_streaming(const RuleOptions& options);
RulePointer make_truncate(const RuleOptions& options);

}  // namespace crayon::context
