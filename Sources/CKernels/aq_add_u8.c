#include "include/aq_integer.h"

enum { CHUNK = 512 };

void aq_add_u8(const aq_integer_variant *variant, const aq_add_job *job) {
  int32_t sums[CHUNK], bias[AQ_PANEL] = {0}, multiplier[AQ_PANEL], shift[AQ_PANEL];
  for (size_t i = 0; i < AQ_PANEL; i++) multiplier[i] = job->multiplier, shift[i] = job->shift;
  aq_requantization to = {bias, multiplier, shift, job->zero_point, job->low, job->high, AQ_ROUND_DOUBLE};
  for (size_t first = 0; first < job->count; first += CHUNK) {
    size_t count = job->count - first < CHUNK ? job->count - first : CHUNK;
    const uint8_t *a = job->a + first, *b = job->b + first;
    uint8_t *out = job->out + first;
    for (size_t i = 0; i < count; i++) sums[i] = job->a_terms[a[i]] + job->b_terms[b[i]];
    size_t rows = count / AQ_PANEL, rest = count % AQ_PANEL, done = rows * AQ_PANEL;
    aq_requantize_job whole = {sums, rows, AQ_PANEL, AQ_PANEL, out, AQ_PANEL};
    variant->requantize(&whole, &to);
    aq_requantize_job tail = {sums + done, 1, rest, AQ_PANEL, out + done, AQ_PANEL};
    if (rest) variant->requantize(&tail, &to);
  }
}
