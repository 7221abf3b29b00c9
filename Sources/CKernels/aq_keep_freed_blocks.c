#include "aq_tensor.h"
#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
void aq_keep_freed_blocks(void) {
  // 32 MiB is the most that glibc takes.
  mallopt(M_MMAP_THRESHOLD, 1 << 25);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}
#else
void aq_keep_freed_blocks(void) {}
#endif
