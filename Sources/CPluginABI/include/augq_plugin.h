// The C interface of native plugins of augq, version 1.0.
//
// A package whose manifest says `permissions = { native = true }` may bring a shared library,
// native/<machine>-<system>/lib<package>.so (.dylib on macOS), for example native/x86_64-linux/libmine.so. It exports one
// symbol, augq_plugin_init, which adds functions. The package's Lua files call them as `native.NAME(tensor, …, number, …)`.
// Native code is not confined: it runs only when the user allows the package by name (--allow-native).
//
// Structs grow at their end only; `size` tells how much of one the other side knows. Nothing here is thread-safe: functions
// are called on the thread of the recipe.
#ifndef AUGQ_PLUGIN_H
#define AUGQ_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AUGQ_PLUGIN_MAJOR 1
#define AUGQ_PLUGIN_MINOR 0

// Values in row-major order, the last axis running fastest: images are N × H × W × C, weights of convolutions O × H × W × I.
typedef struct augq_tensor {
  const float *values;   // count of them, valid until the function returns
  size_t count;          // the product of the shape
  const int64_t *shape;  // rank of them, each at least 1
  int32_t rank;          // 1 … 8
} augq_tensor;

// One call of a function; made by augq, good until the function returns.
typedef struct augq_call augq_call;

typedef struct augq_host augq_host;

// A function: reads its tensors and numbers, and calls host->result once, or host->fail.
typedef void (*augq_function)(const augq_host *host, augq_call *call, const augq_tensor *tensors, const double *numbers,
                              void *context);

struct augq_host {
  size_t size;  // of this struct as augq knows it
  uint32_t major, minor;
  void *registry;

  // Adds a function that takes so many tensors and then so many numbers; names are [A-Za-z_][A-Za-z0-9_]*. Texts are
  // copied. Returns 0, or -1 for a name that is none or is taken, or for more than 16 arguments. In augq_plugin_init only.
  int (*add)(const augq_host *host, const char *name, const char *summary, int32_t tensors, int32_t numbers,
             augq_function function, void *context);

  // Makes the result, filled with zeros, and returns its values; NULL when it is too large or there was a result already.
  // The function writes exactly the product of the shape.
  float *(*result)(augq_call *call, int32_t rank, const int64_t *shape);

  // Makes the call an error of the script, with a message in UTF-8, which is copied. Does not jump: return afterwards.
  void (*fail)(augq_call *call, const char *message);

  // Not 0 when the user wants to stop; long loops look now and then, and return.
  int (*is_cancelled)(const augq_call *call);
};

// Exported by the library. Returns 0, or anything else when it cannot work with this host. It may be called several times in
// a process, each time with a host of its own, which stays valid until the process ends.
int augq_plugin_init(const augq_host *host);

typedef int (*augq_plugin_init_function)(const augq_host *host);

#ifdef __cplusplus
}
#endif
#endif
