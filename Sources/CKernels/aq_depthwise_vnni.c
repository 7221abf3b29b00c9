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

// The codes of tap t for up to 64 channels; a tap that does not exist has weights 0 and any codes.
VNNI INLINE __m512i codes_64(const uint8_t *const *taps, size_t t, size_t count, size_t c, __mmask64 lanes) {
  return t < count ? _mm512_maskz_loadu_epi8(lanes, taps[t] + c) : _mm512_setzero_si512();
}

// Sixty-four channels of all positions with 8-bit weights: four taps of a channel are brought together in a 32-bit lane
// by two levels of unpacking, and vpdpbusd adds all four products.
VNNI INLINE void block_64(const aq_depthwise_job *job, size_t c, const size_t count, __mmask64 lanes, size_t stored) {
  size_t quads = (count + 3) / 4, padded = (job->channels + AQ_PANEL - 1) / AQ_PANEL * AQ_PANEL;
  const int8_t *weights = job->narrow + c * quads * 4;
  const uint8_t *const *taps = job->taps;
  for (size_t p = 0; p < job->positions; p++, taps += count) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
    for (size_t q = 0; q < quads; q++) {
      __m512i a = codes_64(taps, 4 * q, count, c, lanes), b = codes_64(taps, 4 * q + 1, count, c, lanes);
      __m512i d = codes_64(taps, 4 * q + 2, count, c, lanes), e = codes_64(taps, 4 * q + 3, count, c, lanes);
      __m512i ab = _mm512_unpacklo_epi8(a, b), de = _mm512_unpacklo_epi8(d, e);
      __m512i ab_high = _mm512_unpackhi_epi8(a, b), de_high = _mm512_unpackhi_epi8(d, e);
      const int8_t *w = weights + q * 256;
      s0 = _mm512_dpbusd_epi32(s0, _mm512_unpacklo_epi16(ab, de), _mm512_loadu_si512(w));
      s1 = _mm512_dpbusd_epi32(s1, _mm512_unpackhi_epi16(ab, de), _mm512_loadu_si512(w + 64));
      s2 = _mm512_dpbusd_epi32(s2, _mm512_unpacklo_epi16(ab_high, de_high), _mm512_loadu_si512(w + 128));
      s3 = _mm512_dpbusd_epi32(s3, _mm512_unpackhi_epi16(ab_high, de_high), _mm512_loadu_si512(w + 192));
    }
    // Sum j has channels 16 lane + 4 j ... + 3: transposes the 4x4 blocks of 128 bits.
    __m512i front = _mm512_shuffle_i32x4(s0, s1, 0x44), front_high = _mm512_shuffle_i32x4(s0, s1, 0xEE);
    __m512i back = _mm512_shuffle_i32x4(s2, s3, 0x44), back_high = _mm512_shuffle_i32x4(s2, s3, 0xEE);
    int32_t *sums = job->sums + p * padded + c;
    _mm512_storeu_si512(sums, _mm512_shuffle_i32x4(front, back, 0x88));
    _mm512_storeu_si512(sums + 16, _mm512_shuffle_i32x4(front, back, 0xDD));
    _mm512_storeu_si512(sums + 32, _mm512_shuffle_i32x4(front_high, back_high, 0x88));
    if (stored > 48) _mm512_storeu_si512(sums + 48, _mm512_shuffle_i32x4(front_high, back_high, 0xDD));
  }
}

// Up to 64 channels at once pays when more than 32 are left.
VNNI INLINE size_t wide_blocks(const aq_depthwise_job *job) {
  size_t c = 0;
  for (; job->channels > c + 32; c += 64) {
    size_t rest = job->channels - c;
    __mmask64 lanes = rest >= 64 ? ~0ULL : (1ULL << rest) - 1;
    if (rest >= 64 && job->tap_count == 9) block_64(job, c, 9, ~0ULL, 64);
    else block_64(job, c, job->tap_count, lanes, rest);
  }
  return c;
}

VNNI void aq_depthwise_vnni(const aq_depthwise_job *job) {
  for (size_t c = job->narrow ? wide_blocks(job) : 0; c < job->channels; c += AQ_PANEL) {
    size_t rest = job->channels - c;
    if (rest >= AQ_PANEL && job->tap_count == 9) block(job, c, 9, 0xFFFF);
    else block(job, c, job->tap_count, rest >= AQ_PANEL ? 0xFFFF : (__mmask16)((1u << rest) - 1));
  }
}
#endif
