#include "include/aq_integer.h"

void aq_depthwise_scalar(const aq_depthwise_job *job) {
  size_t pairs = (job->tap_count + 1) / 2, padded = (job->channels + AQ_PANEL - 1) / AQ_PANEL * AQ_PANEL;
  for (size_t p = 0; p < job->positions; p++) {
    const uint8_t *const *taps = job->taps + p * job->tap_count;
    for (size_t c = 0; c < job->channels; c++) {
      const int16_t *weights = job->weights + (c / AQ_PANEL) * pairs * AQ_PANEL * 2 + c % AQ_PANEL * 2;
      int32_t sum = 0;
      for (size_t t = 0; t < job->tap_count; t++) sum += taps[t][c] * weights[t / 2 * AQ_PANEL * 2 + t % 2];
      job->sums[p * padded + c] = sum;
    }
  }
}
