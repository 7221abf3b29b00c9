#include "include/aq_integer.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define INLINE __attribute__((always_inline)) static inline

AVX2 INLINE __m256i broadcast_four(const uint8_t *x) {
  int32_t four;
  memcpy(&four, x, 4);
  return _mm256_set1_epi32(four);
}

// Weights of magnitude at most 64: a pair of products is at most 2 * 255 * 64 = 32640 < 2^15, so maddubs cannot saturate.
AVX2 INLINE void narrow_tile(const aq_gemm_job *job, size_t row, size_t panel, const size_t R) {
  size_t quads = job->depth / AQ_PANEL_K;
  const uint8_t *x = job->x + row * job->row_stride;
  const int8_t *w = job->panels + panel * quads * AQ_PANEL * AQ_PANEL_K;
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sum[4][2];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < R; r++) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
  for (size_t q = 0; q < quads; q++) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(w + q * 64));
    __m256i high = _mm256_loadu_si256((const __m256i *)(w + q * 64 + 32));
#pragma clang loop unroll(full)
    for (size_t r = 0; r < R; r++) {
      __m256i codes = broadcast_four(x + r * job->row_stride + q * AQ_PANEL_K);
      sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(_mm256_maddubs_epi16(codes, low), ones));
      sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(_mm256_maddubs_epi16(codes, high), ones));
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < R; r++) {
    int32_t *out = job->sums + ((row + r) * job->panel_count + panel) * AQ_PANEL;
    _mm256_storeu_si256((__m256i *)out, sum[r][0]);
    _mm256_storeu_si256((__m256i *)(out + 8), sum[r][1]);
  }
}

// Any weights: widened to 16 bits, where a pair of products is at most 2 * 255 * 128 and madd is exact.
// A vector holds two partial sums for each of 4 channels; they are added at the end.
AVX2 INLINE void wide_tile(const aq_gemm_job *job, size_t row, size_t panel, const size_t R) {
  size_t quads = job->depth / AQ_PANEL_K;
  const uint8_t *x = job->x + row * job->row_stride;
  const int8_t *w = job->panels + panel * quads * AQ_PANEL * AQ_PANEL_K;
  __m256i sum[2][4];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < R; r++) sum[r][0] = sum[r][1] = sum[r][2] = sum[r][3] = _mm256_setzero_si256();
  for (size_t q = 0; q < quads; q++) {
    __m256i codes[2];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < R; r++)
      codes[r] = _mm256_cvtepu8_epi16(
          _mm256_castsi256_si128(broadcast_four(x + r * job->row_stride + q * AQ_PANEL_K)));
#pragma clang loop unroll(full)
    for (size_t v = 0; v < 4; v++) {
      __m256i weights = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + q * 64 + v * 16)));
#pragma clang loop unroll(full)
      for (size_t r = 0; r < R; r++)
        sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(codes[r], weights));
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < R; r++) {
    int32_t *out = job->sums + ((row + r) * job->panel_count + panel) * AQ_PANEL;
    __m256i low = _mm256_hadd_epi32(sum[r][0], sum[r][1]), high = _mm256_hadd_epi32(sum[r][2], sum[r][3]);
    _mm256_storeu_si256((__m256i *)out, _mm256_permute4x64_epi64(low, 0xD8));
    _mm256_storeu_si256((__m256i *)(out + 8), _mm256_permute4x64_epi64(high, 0xD8));
  }
}

AVX2 void aq_gemm_avx2(const aq_gemm_job *job) {
  for (size_t panel = 0; panel < job->panel_count; panel++) {
    size_t row = 0;
    if (job->weight_bound <= 64) {
      for (; row + 4 <= job->rows; row += 4) narrow_tile(job, row, panel, 4);
      for (; row < job->rows; row++) narrow_tile(job, row, panel, 1);
    } else {
      for (; row + 2 <= job->rows; row += 2) wide_tile(job, row, panel, 2);
      for (; row < job->rows; row++) wide_tile(job, row, panel, 1);
    }
  }
}
#endif
