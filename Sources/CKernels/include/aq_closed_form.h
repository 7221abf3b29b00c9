// Kernels of closed-form rounding: patch matrices, Cholesky factors, column-by-column rounding (owned by Reconstruction).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "aq_integer.h"

// Copies the patches of `count` output positions first, first + step, ... of one image x [in_h, in_w, in_c]:
// rows[position][group][kernel_h][kernel_w][in_c / groups], zeros for padding. A position is i * out_w + j.
void aq_im2col_f32(const aq_conv_geometry *g, const float *x, size_t first, size_t count, size_t step,
                   float *rows);

// sums[r, c] (row stride sums_stride) += x[r, c] (rows contiguous), in double.
void aq_accumulate_f64(size_t rows, size_t columns, const float *x, double *sums, size_t sums_stride);

// Columns that a Cholesky step factors at a time.
enum { AQ_CHOLESKY_WIDTH = 64 };

// A square matrix whose lower triangle is being factored in place, and the step's columns, transposed for the update:
// panel [AQ_CHOLESKY_WIDTH, size]. `first` is a multiple of AQ_CHOLESKY_WIDTH.
typedef struct {
  double *values;  // [size, size]
  size_t size;
  size_t first;
  double *panel;
} aq_cholesky_step;

// Factors columns first ... first + AQ_CHOLESKY_WIDTH - 1 (fewer at the end) of A = L L^T and fills the panel below them.
// Returns 0, or 1 when a pivot is not positive.
int aq_cholesky_panel(const aq_cholesky_step *step);

// Takes the panel's products from rows begin ... end - 1 of what is left; all rows lie below the panel.
void aq_cholesky_update(const aq_cholesky_step *step, size_t begin, size_t end);

// x <- A^-1 x for one vector of `size` values, with the factor L of A = L L^T that the steps left in `factor`.
void aq_cholesky_solve(const double *factor, size_t size, double *x);

// The levels of a group: (q - zero_point) * scale for q in 0 ... steps when count is 0, else `count` ascending values.
typedef struct {
  float scale, zero_point, steps;
  uint32_t first, count;  // in aq_rounding_problem.levels
} aq_level_set;

// What the rows of a weight share while they are rounded; columns are in the order in which they are rounded.
// The loss of a row is sum over j of (e_j d_j)^2, e_j = target_j + carry_j - rounded_j, carry_j = sum over k < j of
// (target_k - rounded_k) unit[k, j], where H = R R^T, R upper triangular, d_j = R[j, j], unit[k, j] = R[k, j] / R[j, j].
typedef struct {
  size_t columns;
  const float *unit;        // [columns, columns]; NULL rounds every column for itself
  const float *diagonal;    // [columns]
  const aq_level_set *sets;
  const float *levels;
  size_t choices;              // sets that a block chooses from, one after another; 1 when there is no choice
  const uint32_t *block_ends;  // [columns]: where the block that begins at a column ends
} aq_rounding_problem;

// Rows of [rows, columns] that are rounded together. `set_of` has each value's first set and gets the set its block chose;
// `errors` gets target - rounded of the columns begin ... end - 1, [rows, end - begin].
typedef struct {
  size_t rows;
  const float *targets;
  uint32_t *set_of;
  float *carries;
  float *rounded;
  float *errors;
} aq_rounding_rows;

// Rounds columns begin ... end - 1, whole blocks, one after the other; carries of the columns from `end` on stay as they are.
void aq_round_columns(const aq_rounding_problem *problem, const aq_rounding_rows *rows, size_t begin, size_t end);

// One sweep of coordinate descent over a row of d = target - rounded, g = d H: each value takes the nearest level of its
// set to rounded_j + g_j / H[j, j] when that lowers d H d^T. Returns how many values changed.
typedef struct {
  size_t columns;
  const float *hessian;  // [columns, columns], symmetric
  const aq_level_set *sets;
  const float *levels;
} aq_descent_problem;
size_t aq_descend_row(const aq_descent_problem *problem, const uint32_t *set_of, float *rounded, float *gradient);

// Bit-split of one row: codes z = sum over i of 2^i B_i, B_i in {-1, 0, 1}, scale alpha, loss (w - alpha z) H (w - alpha z)^T.
typedef struct {
  size_t columns;
  const float *hessian;  // [columns, columns], symmetric
  const float *target;   // w H
  size_t planes;         // bits - 1
  float *digits;         // [planes, columns], each -1, 0 or 1
  float *product;        // z H, kept up to date
} aq_bit_split;

// Coordinate descent over the digits of one plane at a fixed alpha; returns how many digits changed.
size_t aq_bit_split_sweep(const aq_bit_split *row, size_t plane, float alpha);

// y [size] = x [size] * matrix [size, size].
void aq_vector_matrix(size_t size, const float *x, const float *matrix, float *y);
