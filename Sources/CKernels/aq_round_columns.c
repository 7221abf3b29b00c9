// Rounds weights column by column and passes each error on to the columns behind.
//
// Source: Frantar and Alistarh 2022 (OBC), Frantar et al. 2023 (GPTQ). They update the weights with the Cholesky factor of
// the inverse Hessian; with H = R R^T, R upper triangular, that factor is R^-1 and the same steps read as below,
// without an inverse (Chen et al. 2025 show the equivalence with Babai's nearest plane).
#include <math.h>

#include "aq_closed_form.h"
#include "aq_clones.h"
#include "aq_level_sets.h"

// carry[j] += error * unit[j]
AQ_CLONES static void pass_on(size_t count, float error, const float *unit, float *carry) {
  AQ_INDEPENDENT
  for (size_t j = 0; j < count; j++) carry[j] += error * unit[j];
}

// One row and the columns of one call.
typedef struct {
  const aq_rounding_problem *problem;
  const float *target;
  const uint32_t *set_of;
  float *carry, *rounded, *error;
  size_t begin;
} row_state;

// Rounds one column and passes its error on to the columns before `stop`.
static void round_column(const row_state *row, size_t j, size_t stop) {
  const aq_rounding_problem *p = row->problem;
  float wanted = row->target[j] + row->carry[j];
  float level = aq_nearest_level(&p->sets[row->set_of[j]], p->levels, wanted);
  float error = row->target[j] - level;
  row->rounded[j] = level;
  row->error[j - row->begin] = error;
  if (p->unit) pass_on(stop - j - 1, error, p->unit + j * p->columns + j + 1, row->carry + j + 1);
}

// Tries every set of a block inside the block alone; returns the one that adds least to the loss, the first on ties.
static uint32_t best_set(const row_state *row, size_t begin, size_t end, uint32_t first) {
  const aq_rounding_problem *p = row->problem;
  uint32_t best = first;
  double least = INFINITY;
  for (uint32_t set = first; set < first + p->choices; set++) {
    double loss = 0;
    for (size_t j = begin; j < end; j++) {
      // The errors of this trial so far, from the block's own columns: carries must stay as they are.
      float wanted = row->target[j] + row->carry[j];
      for (size_t k = begin; p->unit && k < j; k++) wanted += row->error[k - row->begin] * p->unit[k * p->columns + j];
      float level = aq_nearest_level(&p->sets[set], p->levels, wanted);
      row->error[j - row->begin] = row->target[j] - level;
      double added = (double)(wanted - level) * p->diagonal[j];
      loss += added * added;
    }
    if (loss < least) {
      least = loss;
      best = set;
    }
  }
  return best;
}

void aq_round_columns(const aq_rounding_problem *p, const aq_rounding_rows *rows, size_t begin, size_t end) {
  for (size_t r = 0; r < rows->rows; r++) {
    size_t start = r * p->columns;
    row_state row = {.problem = p, .target = rows->targets + start, .carry = rows->carries + start,
                     .rounded = rows->rounded + start, .error = rows->errors + r * (end - begin),
                     .set_of = rows->set_of + start, .begin = begin};
    uint32_t *set_of = rows->set_of + start;
    for (size_t j = begin; j < end;) {
      size_t stop = p->choices > 1 ? p->block_ends[j] : j + 1;
      if (p->choices > 1) {
        uint32_t set = best_set(&row, j, stop, set_of[j]);
        for (size_t k = j; k < stop; k++) set_of[k] = set;
      }
      for (; j < stop; j++) round_column(&row, j, end);
    }
  }
}
