#include <string.h>

#include "include/aq_integer.h"

void aq_gemm_pack(const int8_t *weights, size_t channels, size_t depth, int8_t *panels) {
  size_t quads = (depth + AQ_PANEL_K - 1) / AQ_PANEL_K;
  size_t count = (channels + AQ_PANEL - 1) / AQ_PANEL;
  memset(panels, 0, count * quads * AQ_PANEL * AQ_PANEL_K);
  for (size_t n = 0; n < channels; n++)
    for (size_t k = 0; k < depth; k++) {
      size_t block = (n / AQ_PANEL) * quads + k / AQ_PANEL_K;
      panels[(block * AQ_PANEL + n % AQ_PANEL) * AQ_PANEL_K + k % AQ_PANEL_K] = weights[n * depth + k];
    }
}
