#include "include/aq_integer.h"

void aq_requantize_scalar(const aq_requantize_job *job, const aq_requantization *to) {
  for (size_t m = 0; m < job->rows; m++)
    for (size_t n = 0; n < job->channels; n++) {
      int32_t x = (int32_t)(((uint32_t)job->sums[m * job->sums_stride + n] << to->headroom) + (uint32_t)to->bias[n]);
      int32_t y = to->rounding == AQ_ROUND_DOUBLE
                      ? aq_multiply_double_rounding(x, to->multiplier[n], to->shift[n])
                      : aq_multiply_single_rounding(x, to->multiplier[n], to->shift[n]);
      // Clamping before the zero point is added cannot overflow: |low - zero_point| <= 255.
      int32_t low = to->low - to->zero_point, high = to->high - to->zero_point;
      y = y < low ? low : y > high ? high : y;
      job->out[m * job->out_stride + n] = (uint8_t)(y + to->zero_point);
    }
}
