#include "include/aq_integer.h"

void aq_gemm_scalar(const aq_gemm_job *job) {
  size_t quads = job->depth / AQ_PANEL_K;
  for (size_t p = 0; p < job->panel_count; p++) {
    const int8_t *panel = job->panels + p * quads * AQ_PANEL * AQ_PANEL_K;
    for (size_t m = 0; m < job->rows; m++) {
      const uint8_t *x = job->x + m * job->row_stride;
      uint32_t sum[AQ_PANEL] = {0};
      for (size_t q = 0; q < quads; q++)
        for (size_t n = 0; n < AQ_PANEL; n++)
          for (size_t k = 0; k < AQ_PANEL_K; k++)
            sum[n] += (uint32_t)(x[q * AQ_PANEL_K + k] * panel[(q * AQ_PANEL + n) * AQ_PANEL_K + k]);
      int32_t *out = job->sums + (m * job->panel_count + p) * AQ_PANEL;
      for (size_t n = 0; n < AQ_PANEL; n++) out[n] = (int32_t)sum[n];
    }
  }
}
