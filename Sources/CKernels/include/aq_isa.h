// Instruction sets a kernel variant can be written for, and which of them this machine runs.
#pragma once

typedef enum {
  AQ_ISA_SCALAR = 0,
  AQ_ISA_AVX2 = 1,     // x86-64 with AVX2 and FMA
  AQ_ISA_AVX512 = 2,   // AVX-512 F, BW, DQ, VL
  AQ_ISA_VNNI = 3,     // AVX512 above plus AVX512-VNNI
  AQ_ISA_NEON = 4,     // arm64 with dot product
  AQ_ISA_COUNT = 5
} aq_isa;

// Name as `augq bench` and the AQ_ISA environment variable spell it: scalar, avx2, avx512, vnni, neon.
const char *aq_isa_name(aq_isa isa);

// 1 when this machine can run kernels of `isa`.
int aq_isa_supported(aq_isa isa);

// The most capable set this machine runs, or the one named by the environment variable AQ_ISA
// (when it is supported). Constant for the life of the process.
aq_isa aq_isa_best(void);
