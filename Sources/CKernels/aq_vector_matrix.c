#include "aq_closed_form.h"
#include "aq_clones.h"

AQ_CLONES void aq_vector_matrix(size_t size, const float *x, const float *matrix, float *y) {
  for (size_t j = 0; j < size; j++) y[j] = 0;
  for (size_t i = 0; i < size; i++) {
    AQ_INDEPENDENT
    for (size_t j = 0; j < size; j++) y[j] += x[i] * matrix[i * size + j];
  }
}
