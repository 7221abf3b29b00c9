#include "include/aq_integer.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INLINE __attribute__((always_inline)) static inline

// R rows times V panels; both are compile-time constants after inlining, so the sums live in R * V registers.
VNNI INLINE void tile(const aq_gemm_job *job, size_t row, size_t panel, const size_t R, const size_t V) {
  size_t quads = job->depth / AQ_PANEL_K, panel_bytes = quads * AQ_PANEL * AQ_PANEL_K;
  const uint8_t *x = job->x + row * job->row_stride;
  const int8_t *w = job->panels + panel * panel_bytes;
  __m512i sum[12][4];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < R; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < V; v++) sum[r][v] = _mm512_setzero_si512();
  for (size_t q = 0; q < quads; q++) {
    __m512i weights[4];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < V; v++) weights[v] = _mm512_loadu_si512(w + v * panel_bytes + q * 64);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < R; r++) {
      int32_t four;
      memcpy(&four, x + r * job->row_stride + q * AQ_PANEL_K, 4);
      __m512i codes = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
      for (size_t v = 0; v < V; v++) sum[r][v] = _mm512_dpbusd_epi32(sum[r][v], codes, weights[v]);
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < R; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < V; v++)
      _mm512_storeu_si512(job->sums + ((row + r) * job->panel_count + panel + v) * AQ_PANEL, sum[r][v]);
}

// All rows times V panels: tiles of R rows, then single rows.
VNNI INLINE void strip(const aq_gemm_job *job, size_t panel, const size_t R, const size_t V) {
  size_t row = 0;
  for (; row + R <= job->rows; row += R) tile(job, row, panel, R, V);
  for (; row + 4 <= job->rows; row += 4) tile(job, row, panel, 4, V);
  for (; row < job->rows; row++) tile(job, row, panel, 1, V);
}

// 24 of the 32 registers hold sums, V hold weights, one the broadcast codes.
VNNI void aq_gemm_vnni(const aq_gemm_job *job) {
  size_t panel = 0;
  for (; panel + 4 <= job->panel_count; panel += 4) strip(job, panel, 6, 4);
  size_t left = job->panel_count - panel;
  if (left == 3) strip(job, panel, 8, 3);
  if (left == 2) strip(job, panel, 12, 2);
  if (left == 1) strip(job, panel, 12, 1);
}
#endif
