// Coordinate descent on the layer's quadratic loss.
//
// Source: Behdin et al. 2023 (QuantEase), eq. 10, without its outliers.
#include "aq_closed_form.h"
#include "aq_clones.h"
#include "aq_level_sets.h"

// y += factor * x
AQ_CLONES static void add_scaled(size_t count, float factor, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t j = 0; j < count; j++) y[j] += factor * x[j];
}

size_t aq_descend_row(const aq_descent_problem *p, const uint32_t *set_of, float *rounded, float *gradient) {
  size_t changed = 0;
  for (size_t j = 0; j < p->columns; j++) {
    float curvature = p->hessian[j * p->columns + j];
    if (!(curvature > 0)) continue;
    float level = aq_nearest_level(&p->sets[set_of[j]], p->levels, rounded[j] + gradient[j] / curvature);
    float step = level - rounded[j];
    // The loss changes by step (step curvature - 2 gradient); a rounding error must not make the descent run in circles.
    if (step == 0 || !(step * (step * curvature - 2 * gradient[j]) < 0)) continue;
    rounded[j] = level;
    add_scaled(p->columns, -step, p->hessian + j * p->columns, gradient);
    changed++;
  }
  return changed;
}
