// Compiles a function once per instruction set and picks the best at load time.
#pragma once
#if defined(__x86_64__) && defined(__linux__)
#define AQ_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define AQ_CLONES
#endif

// Results may overwrite an operand at the same index: no iteration reads what another writes.
#define AQ_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
