#include "include/aq_integer.h"

static const aq_integer_variant variants[] = {
    {"scalar", AQ_ISA_SCALAR, aq_gemm_scalar, aq_requantize_scalar, aq_depthwise_scalar},
#if defined(__x86_64__)
    {"avx2", AQ_ISA_AVX2, aq_gemm_avx2, aq_requantize_avx2, aq_depthwise_avx2},
    {"vnni", AQ_ISA_VNNI, aq_gemm_vnni, aq_requantize_avx512, aq_depthwise_vnni},
#endif
};

const aq_integer_variant *aq_integer_variants(size_t index) {
  return index < sizeof variants / sizeof *variants ? &variants[index] : NULL;
}

const aq_integer_variant *aq_integer_best(void) {
  const aq_integer_variant *best = &variants[0];
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
    if (variants[i].isa <= aq_isa_best() && aq_isa_supported(variants[i].isa)) best = &variants[i];
  return best;
}
