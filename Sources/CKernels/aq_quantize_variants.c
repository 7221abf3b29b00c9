#include "include/aq_quantize.h"

extern const aq_quantize_variant aq_quantize_scalar, aq_quantize_avx2, aq_quantize_avx512, aq_quantize_neon;

static const aq_quantize_variant *const variants[] = {
    &aq_quantize_scalar,
#if defined(__x86_64__)
    &aq_quantize_avx2,
    &aq_quantize_avx512,
#elif defined(__aarch64__)
    &aq_quantize_neon,
#endif
};

const aq_quantize_variant *aq_quantize_variants(size_t index) {
  return index < sizeof variants / sizeof *variants ? variants[index] : NULL;
}

const aq_quantize_variant *aq_quantize_best(void) {
  const aq_quantize_variant *best = variants[0];
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
    if (variants[i]->isa <= aq_isa_best() && aq_isa_supported(variants[i]->isa)) best = variants[i];
  return best;
}
