#include "aq_closed_form.h"
#include "aq_clones.h"

// Sum of a[k] * b[k] in four interleaved parts.
AQ_CLONES static double dot(size_t count, const double *a, const double *b) {
  double sums[4] = {0};
  size_t k = 0;
  for (; k + 4 <= count; k += 4) {
    for (size_t lane = 0; lane < 4; lane++) sums[lane] += a[k + lane] * b[k + lane];
  }
  for (; k < count; k++) sums[0] += a[k] * b[k];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// y -= factor * x
AQ_CLONES static void subtract_scaled(size_t count, double factor, const double *x, double *y) {
  AQ_INDEPENDENT
  for (size_t k = 0; k < count; k++) y[k] -= factor * x[k];
}

void aq_cholesky_solve(const double *factor, size_t size, double *x) {
  for (size_t i = 0; i < size; i++) x[i] = (x[i] - dot(i, factor + i * size, x)) / factor[i * size + i];
  // With L^T the unknowns come from the last one up; each is taken out of those above along a row of L.
  for (size_t i = size; i-- > 0;) {
    x[i] /= factor[i * size + i];
    subtract_scaled(i, x[i], factor + i * size, x);
  }
}
