#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "aq_quantize_body.h"
#pragma clang attribute pop

const aq_quantize_variant aq_quantize_avx2 = AQ_QUANTIZE_VARIANT("avx2", AQ_ISA_AVX2);
#endif
