#include "aq_tensor.h"
#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
void aq_keep_freed_blocks(void) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
}
#else
void aq_keep_freed_blocks(void) {}
#endif
