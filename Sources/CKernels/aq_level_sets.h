// The nearest level of a set; shared by the kernels of closed-form rounding.
#pragma once
#include <math.h>

#include "aq_closed_form.h"

// Ties round to the even code of an affine set and to the lower value of a table. NaN gives a level, never a crash.
static inline float aq_nearest_level(const aq_level_set *set, const float *levels, float x) {
  if (set->count == 0) {
    float q = rintf(x / set->scale) + set->zero_point;
    q = q > 0 ? q : 0;
    q = q < set->steps ? q : set->steps;
    return (q - set->zero_point) * set->scale;
  }
  const float *table = levels + set->first;
  size_t low = 0, high = set->count - 1;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (x > table[middle] / 2 + table[middle + 1] / 2) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return table[low];
}
