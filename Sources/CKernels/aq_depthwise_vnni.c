#include "include/aq_integer.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

// Two taps lie side by side in each 32-bit lane; vpdpwssd adds both products to the lane's sum.
VNNI void aq_depthwise_vnni(const aq_depthwise_job *job) {
  size_t pairs = job->tap_count / 2, odd = job->tap_count % 2;
  const int16_t *weights = job->weights;
  for (size_t c = 0; c < job->channels; c += AQ_PANEL) {
    size_t count = job->channels - c < AQ_PANEL ? job->channels - c : AQ_PANEL;
    __mmask16 lanes = (__mmask16)((1u << count) - 1);
    __m512i sum = _mm512_setzero_si512();
    for (size_t p = 0; p < pairs; p++, weights += 2 * AQ_PANEL) {
      __m512i first = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes, job->taps[2 * p] + c));
      __m512i second = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes, job->taps[2 * p + 1] + c));
      __m512i codes = _mm512_or_si512(first, _mm512_slli_epi32(second, 16));
      sum = _mm512_dpwssd_epi32(sum, codes, _mm512_loadu_si512(weights));
    }
    if (odd) {
      __m512i last = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes, job->taps[2 * pairs] + c));
      sum = _mm512_dpwssd_epi32(sum, last, _mm512_loadu_si512(weights));
      weights += 2 * AQ_PANEL;
    }
    _mm512_storeu_si512(job->sums + c, sum);
  }
}
#endif
