#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
#include "aq_quantize_body.h"
#pragma clang attribute pop

const aq_quantize_variant aq_quantize_avx512 = AQ_QUANTIZE_VARIANT("avx512", AQ_ISA_AVX512);
#endif
