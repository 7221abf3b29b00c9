#include <string.h>

#include "include/aq_integer.h"

void aq_depthwise_pack(const int16_t *weights, size_t channels, size_t taps, int16_t *packed) {
  size_t pairs = (taps + 1) / 2, blocks = (channels + AQ_PANEL - 1) / AQ_PANEL;
  memset(packed, 0, blocks * pairs * AQ_PANEL * 2 * sizeof *packed);
  for (size_t c = 0; c < channels; c++)
    for (size_t t = 0; t < taps; t++)
      packed[(((c / AQ_PANEL) * pairs + t / 2) * AQ_PANEL + c % AQ_PANEL) * 2 + t % 2] = weights[c * taps + t];
}
