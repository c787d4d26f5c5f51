#pragma once

#include "formats/bundle.h"
#include "runtime/model/aligned.h"
#include "runtime/model/compute.h"
#include "runtime/model/weight_plan.h"

namespace crayon::model {

/// Decodes a bundle's frames and packs them into the places of `plan`, on all threads at once, a
/// block of rows at a time: besides the result, each thread holds two frames and a block of rows.
/// Returns plan.bytes() bytes. Throws what Bundle::read does, and out_of_memory.
AlignedArray<std::uint8_t> load_packed(const formats::Bundle& bundle, const WeightPlan& plan,
                                       const Compute& compute);

}  // namespace crayon::model
