#include "include/aq_integer.h"

// |(x - x_zero) * (y - y_zero)| <= 255^2 < 2^16, and headroom is at most 14.
void aq_multiply_u8(const aq_multiply_job *job) {
  for (size_t m = 0; m < job->rows; m++) {
    const uint8_t *x = job->x + m * job->channels;
    const uint8_t *y = job->y + (job->y_rows == 1 ? 0 : m) * job->channels;
    for (size_t c = 0; c < job->channels; c++) {
      int32_t product = (x[c] - job->x_zero) * (y[c] - job->y_zero) * (1 << job->headroom);
      int32_t value = aq_multiply_double_rounding(product, job->multiplier, job->shift) + job->zero_point;
      value = value < job->low ? job->low : value > job->high ? job->high : value;
      job->out[m * job->channels + c] = (uint8_t)value;
    }
  }
}
