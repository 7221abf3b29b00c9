#include "augq_plugin.h"

#include <math.h>

// Weights, lower levels, upper levels; the share of an error that goes on. The choice is 1 for the upper level.
static void diffuse(const augq_host *host, augq_call *call, const augq_tensor *tensors, const double *numbers,
                    void *context) {
  (void)context;
  const augq_tensor weight = tensors[0], lower = tensors[1], upper = tensors[2];
  if (lower.count != weight.count || upper.count != weight.count) {
    host->fail(call, "the levels have not the weights' shape");
    return;
  }
  float *choice = host->result(call, weight.rank, weight.shape);
  if (!choice) return;
  size_t row = weight.count / (size_t)weight.shape[0];
  for (size_t first = 0; first < weight.count; first += row) {
    if (host->is_cancelled(call)) return;
    double carried = 0;
    for (size_t i = first; i < first + row; i++) {
      double wanted = weight.values[i] + numbers[0] * carried;
      choice[i] = upper.values[i] - wanted < wanted - lower.values[i];
      // Weights beyond the range have one level only: their error would never be paid back.
      double gap = upper.values[i] - lower.values[i];
      double error = wanted - (choice[i] != 0 ? upper.values[i] : lower.values[i]);
      carried = gap > 0 ? fmax(-gap, fmin(gap, error)) : 0;
    }
  }
}

int augq_plugin_init(const augq_host *host) {
  if (host->size < sizeof(augq_host) || host->major != AUGQ_PLUGIN_MAJOR) return 1;
  return host->add(host, "diffuse", "choice of each weight's level", 3, 1, diffuse, NULL);
}
