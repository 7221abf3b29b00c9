#include "aq_closed_form.h"
#include "aq_clones.h"

AQ_CLONES void aq_accumulate_f64(size_t rows, size_t columns, const float *x, double *sums, size_t sums_stride) {
  for (size_t r = 0; r < rows; r++) {
    AQ_INDEPENDENT
    for (size_t c = 0; c < columns; c++) sums[r * sums_stride + c] += x[r * columns + c];
  }
}
