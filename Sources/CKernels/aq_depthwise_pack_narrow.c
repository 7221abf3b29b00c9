#include <string.h>

#include "include/aq_integer.h"

void aq_depthwise_pack_narrow(const int16_t *weights, size_t channels, size_t taps, int8_t *packed) {
  size_t quads = (taps + 3) / 4;
  memset(packed, 0, (channels + 63) / 64 * quads * 256);
  for (size_t c = 0; c < channels; c++)
    for (size_t t = 0; t < taps; t++) {
      size_t lane = c % 64 / 16, j = c % 16 / 4, e = c % 4;
      packed[((((c / 64 * quads + t / 4) * 4 + j) * 4 + lane) * 4 + e) * 4 + t % 4] = (int8_t)weights[c * taps + t];
    }
}
