#pragma once

#include "kernels/kernel_set.h"

namespace crayon::kernels {

// The sets, each defined in the file of its name. That file alone is compiled for its CPU
// features, so it must emit nothing that the linker could take for the rest of the program: its
// functions have internal linkage and it calls no inline function of a header, the standard
// library's included (tests/kernels/check_symbols.py).

extern const KernelSet scalar_set;
#if defined(__x86_64__)
extern const KernelSet avx2_set;
extern const KernelSet avxvnni_set;
extern const KernelSet avx512vnni_set;
#elif defined(__aarch64__)
extern const KernelSet neon_set;
extern const KernelSet dotprod_set;
extern const KernelSet i8mm_set;
#endif

}  // namespace crayon::kernels
