#include "include/aq_integer.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define INLINE __attribute__((always_inline)) static inline

// Odd lanes of a product's 64-bit halves go to odd 32-bit lanes, even ones to even.
AVX512 INLINE __m512i interleave(__m512i even, __m512i odd) { return _mm512_mask_blend_epi32(0xAAAA, even, odd); }

AVX512 INLINE __m512i multiply_double(__m512i x, __m512i m, __m512i left, __m512i right) {
  const __m512i nudge = _mm512_set1_epi64(1LL << 30);
  x = _mm512_sllv_epi32(x, left);
  __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x, m), nudge);
  __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(m, 32));
  // Bits 31...62 of the sum, moved to the lane they belong to.
  odd = _mm512_slli_epi64(_mm512_add_epi64(odd, nudge), 1);
  __m512i high = interleave(_mm512_srli_epi64(even, 31), odd);
  __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), right), _mm512_set1_epi32(1));
  __m512i threshold = _mm512_add_epi32(_mm512_srli_epi32(mask, 1), _mm512_srli_epi32(high, 31));
  __mmask16 up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(high, mask), threshold);
  __m512i quotient = _mm512_srav_epi32(high, right);
  return _mm512_mask_add_epi32(quotient, up, quotient, _mm512_set1_epi32(1));
}

AVX512 INLINE __m512i round_shift(__m512i product, __m512i total) {
  __m512i half = _mm512_sllv_epi64(_mm512_set1_epi64(1), _mm512_sub_epi64(total, _mm512_set1_epi64(1)));
  return _mm512_srav_epi64(_mm512_add_epi64(product, half), total);
}

AVX512 INLINE __m512i multiply_single(__m512i x, __m512i m, __m512i shift) {
  __m512i total = _mm512_sub_epi32(_mm512_set1_epi32(31), shift);
  __m512i even = round_shift(_mm512_mul_epi32(x, m), _mm512_and_si512(total, _mm512_set1_epi64(0xFFFFFFFF)));
  __m512i odd = round_shift(_mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(m, 32)),
                            _mm512_srli_epi64(total, 32));
  return interleave(even, _mm512_slli_epi64(odd, 32));
}

AVX512 void aq_requantize_avx512(const aq_requantize_job *job, const aq_requantization *to) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i offset = _mm512_set1_epi32(to->zero_point);
  const __m512i low = _mm512_set1_epi32(to->low - to->zero_point);
  const __m512i high = _mm512_set1_epi32(to->high - to->zero_point);
  const __m128i headroom = _mm_cvtsi32_si128(to->headroom);
  for (size_t n = 0; n < job->channels; n += 16) {
    size_t count = job->channels - n < 16 ? job->channels - n : 16;
    __mmask16 lanes = (__mmask16)((1u << count) - 1);
    __m512i bias = _mm512_maskz_loadu_epi32(lanes, to->bias + n);
    __m512i multiplier = _mm512_maskz_loadu_epi32(lanes, to->multiplier + n);
    __m512i shift = _mm512_maskz_loadu_epi32(lanes, to->shift + n);
    __m512i left = _mm512_max_epi32(shift, zero), right = _mm512_sub_epi32(left, shift);
    for (size_t m = 0; m < job->rows; m++) {
      __m512i x = _mm512_maskz_loadu_epi32(lanes, job->sums + m * job->sums_stride + n);
      x = _mm512_add_epi32(_mm512_sll_epi32(x, headroom), bias);
      __m512i y = to->rounding == AQ_ROUND_DOUBLE ? multiply_double(x, multiplier, left, right)
                                                  : multiply_single(x, multiplier, shift);
      y = _mm512_add_epi32(_mm512_min_epi32(_mm512_max_epi32(y, low), high), offset);
      _mm_mask_storeu_epi8(job->out + m * job->out_stride + n, lanes, _mm512_cvtepi32_epi8(y));
    }
  }
}
#endif
