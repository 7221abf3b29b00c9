#include "include/aq_integer.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define INLINE __attribute__((always_inline)) static inline

// Eight codes from `count` that exist, one per 32-bit lane.
AVX2 INLINE __m256i eight_codes(const uint8_t *x, size_t count) {
  uint64_t bytes = 0;
  if (count >= 8) memcpy(&bytes, x, 8);
  else memcpy(&bytes, x, count);
  return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes));
}

// Two taps lie side by side in each 32-bit lane; madd adds both products.
AVX2 void aq_depthwise_avx2(const aq_depthwise_job *job) {
  size_t pairs = (job->tap_count + 1) / 2;
  for (size_t c = 0; c < job->channels; c += 8) {
    size_t count = job->channels - c;
    const int16_t *weights = job->weights + (c / AQ_PANEL) * pairs * AQ_PANEL * 2 + c % AQ_PANEL * 2;
    __m256i sum = _mm256_setzero_si256();
    for (size_t p = 0; p < pairs; p++) {
      __m256i codes = eight_codes(job->taps[2 * p] + c, count);
      if (2 * p + 1 < job->tap_count)
        codes = _mm256_or_si256(codes, _mm256_slli_epi32(eight_codes(job->taps[2 * p + 1] + c, count), 16));
      __m256i w = _mm256_loadu_si256((const __m256i *)(weights + p * AQ_PANEL * 2));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(codes, w));
    }
    _mm256_storeu_si256((__m256i *)(job->sums + c), sum);
  }
}
#endif
