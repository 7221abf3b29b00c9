// Bit-split and stitching: one plane of ternary digits at a time.
//
// Source: Wang et al. 2020, section 3.3.
#include "aq_closed_form.h"
#include "aq_clones.h"

// y += factor * x
AQ_CLONES static void add_scaled(size_t count, float factor, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t j = 0; j < count; j++) y[j] += factor * x[j];
}

size_t aq_bit_split_sweep(const aq_bit_split *row, size_t plane, float alpha) {
  size_t changed = 0;
  float *digits = row->digits + plane * row->columns;
  float weight = (float)(1u << plane);
  for (size_t j = 0; j < row->columns; j++) {
    float curvature = row->hessian[j * row->columns + j];
    if (!(curvature > 0)) continue;
    // The loss is alpha^2 z H z - 2 alpha w H z: at fixed other digits its minimum over this one lies at `wanted`.
    float step = alpha * weight;
    float wanted = digits[j] + (row->target[j] - alpha * row->product[j]) / (step * curvature);
    float digit = wanted > 0.5f ? 1 : wanted < -0.5f ? -1 : 0;
    float difference = digit - digits[j];
    // Strictly lower loss: |digit - wanted| < |old - wanted|, or rounding errors make the sweep run in circles.
    if (difference == 0 || !(difference * (difference - 2 * (wanted - digits[j])) < 0)) continue;
    digits[j] = digit;
    add_scaled(row->columns, weight * difference, row->hessian + j * row->columns, row->product);
    changed++;
  }
  return changed;
}
