// Blocked Cholesky factorization, right-looking: a panel of columns, then its products from the rest.
//
// Source: Golub and Van Loan 2013, "Matrix Computations", section 4.2.6.
#include <math.h>

#include "aq_closed_form.h"
#include "aq_clones.h"

enum { WIDTH = AQ_CHOLESKY_WIDTH, TILE_ROWS = 4, TILE_COLUMNS = 16 };

// L[i, j] of one row of the panel: forward substitution with the diagonal block above.
AQ_CLONES static void substitute(double *row, const double *diagonal, size_t stride, size_t width) {
  for (size_t j = 0; j < width; j++) {
    double sum = row[j];
    for (size_t k = 0; k < j; k++) sum -= row[k] * diagonal[j * stride + k];
    row[j] = sum / diagonal[j * stride + j];
  }
}

int aq_cholesky_panel(const aq_cholesky_step *step) {
  size_t n = step->size, first = step->first;
  size_t width = n - first < WIDTH ? n - first : WIDTH;
  double *block = step->values + first * n + first;
  for (size_t j = 0; j < width; j++) {
    double pivot = block[j * n + j];
    for (size_t k = 0; k < j; k++) pivot -= block[j * n + k] * block[j * n + k];
    // Written so that NaN fails too.
    if (!(pivot > 0) || isinf(pivot)) return 1;
    block[j * n + j] = sqrt(pivot);
    for (size_t i = j + 1; i < width; i++) {
      double sum = block[i * n + j];
      for (size_t k = 0; k < j; k++) sum -= block[i * n + k] * block[j * n + k];
      block[i * n + j] = sum / block[j * n + j];
    }
  }
  for (size_t i = first + width; i < n; i++) {
    double *row = step->values + i * n + first;
    substitute(row, block, n, width);
    for (size_t k = 0; k < width; k++) step->panel[k * n + i] = row[k];
  }
  return 0;
}

// A[rows, columns] -= panel rows * panel columns, a tile that stays in registers.
AQ_CLONES static void tile(const aq_cholesky_step *step, size_t row, size_t column) {
  size_t n = step->size;
  double sums[TILE_ROWS][TILE_COLUMNS] = {{0}};
  for (size_t k = 0; k < WIDTH; k++) {
    const double *panel = step->panel + k * n;
    for (size_t r = 0; r < TILE_ROWS; r++) {
      for (size_t c = 0; c < TILE_COLUMNS; c++) sums[r][c] += panel[row + r] * panel[column + c];
    }
  }
  for (size_t r = 0; r < TILE_ROWS; r++) {
    for (size_t c = 0; c < TILE_COLUMNS; c++) step->values[(row + r) * n + column + c] -= sums[r][c];
  }
}

// The same for a tile of any size.
static void part(const aq_cholesky_step *step, size_t row, size_t rows, size_t column, size_t columns) {
  size_t n = step->size;
  for (size_t r = row; r < row + rows; r++) {
    for (size_t c = column; c < column + columns; c++) {
      double sum = 0;
      for (size_t k = 0; k < WIDTH; k++) sum += step->panel[k * n + r] * step->panel[k * n + c];
      step->values[r * n + c] -= sum;
    }
  }
}

void aq_cholesky_update(const aq_cholesky_step *step, size_t begin, size_t end) {
  size_t left = step->first + WIDTH;
  for (size_t r = begin; r < end; r += TILE_ROWS) {
    size_t rows = end - r < TILE_ROWS ? end - r : TILE_ROWS;
    // Columns up to the diagonal of the last row of the tile; what lies above the diagonal is never read.
    size_t stop = r + rows;
    for (size_t c = left; c < stop; c += TILE_COLUMNS) {
      size_t columns = stop - c < TILE_COLUMNS ? stop - c : TILE_COLUMNS;
      if (rows == TILE_ROWS && columns == TILE_COLUMNS) {
        tile(step, r, c);
      } else {
        part(step, r, rows, c, columns);
      }
    }
  }
}
