#include "include/aq_integer.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define INLINE __attribute__((always_inline)) static inline

// Eight codes from `rest` that exist, one per 32-bit lane.
AVX2 INLINE __m256i eight_codes(const uint8_t *x, size_t rest) {
  uint64_t bytes = 0;
  if (rest >= 8) memcpy(&bytes, x, 8);
  else memcpy(&bytes, x, rest);
  return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes));
}

// Eight channels of all positions, two taps side by side in each 32-bit lane; madd adds both products. `count` is a
// constant after inlining for the usual kernels, so that the weights stay in registers.
AVX2 INLINE void block(const aq_depthwise_job *job, size_t c, const size_t count, size_t rest) {
  size_t pairs = (count + 1) / 2, padded = (job->channels + AQ_PANEL - 1) / AQ_PANEL * AQ_PANEL;
  const int16_t *weights = job->weights + (c / AQ_PANEL) * pairs * AQ_PANEL * 2 + c % AQ_PANEL * 2;
  const uint8_t *const *taps = job->taps;
  for (size_t p = 0; p < job->positions; p++, taps += count) {
    __m256i sum = _mm256_setzero_si256();
    for (size_t t = 0; t < count; t += 2) {
      __m256i codes = eight_codes(taps[t] + c, rest);
      if (t + 1 < count) codes = _mm256_or_si256(codes, _mm256_slli_epi32(eight_codes(taps[t + 1] + c, rest), 16));
      __m256i w = _mm256_loadu_si256((const __m256i *)(weights + t * AQ_PANEL));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(codes, w));
    }
    _mm256_storeu_si256((__m256i *)(job->sums + p * padded + c), sum);
  }
}

AVX2 void aq_depthwise_avx2(const aq_depthwise_job *job) {
  for (size_t c = 0; c < job->channels; c += 8) {
    size_t rest = job->channels - c;
    if (rest >= 8 && job->tap_count == 9) block(job, c, 9, 8);
    else block(job, c, job->tap_count, rest);
  }
}
#endif
