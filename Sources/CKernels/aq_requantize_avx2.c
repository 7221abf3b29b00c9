#include "include/aq_integer.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define INLINE __attribute__((always_inline)) static inline

AVX2 INLINE __m256i multiply_double(__m256i x, __m256i m, __m256i left, __m256i right) {
  const __m256i nudge = _mm256_set1_epi64x(1LL << 30), one = _mm256_set1_epi32(1);
  x = _mm256_sllv_epi32(x, left);
  __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, m), nudge);
  __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(m, 32));
  // Bits 31...62 of the sum, moved to the lane they belong to.
  odd = _mm256_slli_epi64(_mm256_add_epi64(odd, nudge), 1);
  __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), odd, 0xAA);
  __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
  __m256i threshold = _mm256_add_epi32(_mm256_srli_epi32(mask, 1), _mm256_srli_epi32(high, 31));
  // A comparison gives -1 where it holds: subtracting it adds 1.
  __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(high, mask), threshold);
  return _mm256_sub_epi32(_mm256_srav_epi32(high, right), up);
}

// (product + 2^(total-1)) >> total, arithmetic: AVX2 only shifts 64 bits logically, so the sign is offset by 2^63 first.
AVX2 INLINE __m256i round_shift(__m256i product, __m256i total) {
  const __m256i one = _mm256_set1_epi64x(1), sign = _mm256_set1_epi64x(INT64_MIN);
  __m256i half = _mm256_sllv_epi64(one, _mm256_sub_epi64(total, one));
  __m256i shifted = _mm256_srlv_epi64(_mm256_xor_si256(_mm256_add_epi64(product, half), sign), total);
  return _mm256_sub_epi64(shifted, _mm256_srlv_epi64(sign, total));
}

AVX2 INLINE __m256i multiply_single(__m256i x, __m256i m, __m256i shift) {
  __m256i total = _mm256_sub_epi32(_mm256_set1_epi32(31), shift);
  __m256i even = round_shift(_mm256_mul_epi32(x, m), _mm256_and_si256(total, _mm256_set1_epi64x(0xFFFFFFFF)));
  __m256i odd = round_shift(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(m, 32)),
                            _mm256_srli_epi64(total, 32));
  return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
}

AVX2 static void requantize_eight(const aq_requantize_job *job, const aq_requantization *to, size_t n) {
  const __m256i offset = _mm256_set1_epi32(to->zero_point);
  const __m256i low = _mm256_set1_epi32(to->low - to->zero_point);
  const __m256i high = _mm256_set1_epi32(to->high - to->zero_point);
  __m256i bias = _mm256_loadu_si256((const __m256i *)(to->bias + n));
  __m256i multiplier = _mm256_loadu_si256((const __m256i *)(to->multiplier + n));
  __m256i shift = _mm256_loadu_si256((const __m256i *)(to->shift + n));
  __m256i left = _mm256_max_epi32(shift, _mm256_setzero_si256()), right = _mm256_sub_epi32(left, shift);
  const __m128i headroom = _mm_cvtsi32_si128(to->headroom);
  for (size_t m = 0; m < job->rows; m++) {
    __m256i x = _mm256_loadu_si256((const __m256i *)(job->sums + m * job->sums_stride + n));
    x = _mm256_add_epi32(_mm256_sll_epi32(x, headroom), bias);
    __m256i y = to->rounding == AQ_ROUND_DOUBLE ? multiply_double(x, multiplier, left, right)
                                                : multiply_single(x, multiplier, shift);
    y = _mm256_add_epi32(_mm256_min_epi32(_mm256_max_epi32(y, low), high), offset);
    __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
    _mm_storel_epi64((__m128i *)(job->out + m * job->out_stride + n), _mm_packus_epi16(words, words));
  }
}

AVX2 void aq_requantize_avx2(const aq_requantize_job *job, const aq_requantization *to) {
  size_t n = 0;
  for (; n + 8 <= job->channels; n += 8) requantize_eight(job, to, n);
  if (n == job->channels) return;
  aq_requantize_job rest = *job;
  rest.sums += n, rest.out += n, rest.channels -= n;
  aq_requantization tail = *to;
  tail.bias += n, tail.multiplier += n, tail.shift += n;
  aq_requantize_scalar(&rest, &tail);
}
#endif
