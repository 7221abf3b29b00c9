#include "include/aq_integer.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INLINE __attribute__((always_inline)) static inline

// Two taps side by side in each 32-bit lane; the codes past `lanes` are not read.
VNNI INLINE __m512i pair(const uint8_t *first, const uint8_t *second, __mmask16 lanes) {
  __m512i low = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes, first));
  __m512i high = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes, second));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

// Sixteen channels of all positions; vpdpwssd adds both products of a pair to the lane's sum. `pairs` is a constant
// after inlining for the usual kernels, so that the weights stay in registers.
VNNI INLINE void block(const aq_depthwise_job *job, size_t c, const size_t count, __mmask16 lanes) {
  size_t pairs = (count + 1) / 2, padded = (job->channels + AQ_PANEL - 1) / AQ_PANEL * AQ_PANEL;
  const int16_t *weights = job->weights + c * pairs * 2;
  const uint8_t *const *taps = job->taps;
  for (size_t p = 0; p < job->positions; p++, taps += count) {
    __m512i even = _mm512_setzero_si512(), odd = even;
    for (size_t t = 0; t + 1 < count; t += 2) {
      __m512i codes = pair(taps[t] + c, taps[t + 1] + c, lanes);
      __m512i *sum = t % 4 ? &odd : &even;
      *sum = _mm512_dpwssd_epi32(*sum, codes, _mm512_loadu_si512(weights + t * AQ_PANEL));
    }
    if (count % 2) {
      __m512i last = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes, taps[count - 1] + c));
      odd = _mm512_dpwssd_epi32(odd, last, _mm512_loadu_si512(weights + (count - 1) * AQ_PANEL));
    }
    _mm512_storeu_si512(job->sums + p * padded + c, _mm512_add_epi32(even, odd));
  }
}

VNNI void aq_depthwise_vnni(const aq_depthwise_job *job) {
  for (size_t c = 0; c < job->channels; c += AQ_PANEL) {
    size_t rest = job->channels - c;
    if (rest >= AQ_PANEL && job->tap_count == 9) block(job, c, 9, 0xFFFF);
    else block(job, c, job->tap_count, rest >= AQ_PANEL ? 0xFFFF : (__mmask16)((1u << rest) - 1));
  }
}
#endif
