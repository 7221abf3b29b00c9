#include "aq_isa.h"

#include <stdlib.h>
#include <string.h>

const char *aq_isa_name(aq_isa isa) {
  static const char *const names[AQ_ISA_COUNT] = {"scalar", "avx2", "avx512", "vnni", "neon"};
  return isa < AQ_ISA_COUNT ? names[isa] : "unknown";
}

int aq_isa_supported(aq_isa isa) {
  switch (isa) {
    case AQ_ISA_SCALAR: return 1;
#if defined(__x86_64__)
    case AQ_ISA_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case AQ_ISA_AVX512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case AQ_ISA_VNNI: return aq_isa_supported(AQ_ISA_AVX512) && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    case AQ_ISA_NEON: return 1;
#endif
    default: return 0;
  }
}

static aq_isa detect(void) {
  const char *wanted = getenv("AQ_ISA");
  for (int isa = 0; wanted && isa < AQ_ISA_COUNT; isa++)
    if (!strcmp(wanted, aq_isa_name((aq_isa)isa)) && aq_isa_supported((aq_isa)isa)) return (aq_isa)isa;
  for (int isa = AQ_ISA_COUNT - 1; isa > 0; isa--)
    if (aq_isa_supported((aq_isa)isa)) return (aq_isa)isa;
  return AQ_ISA_SCALAR;
}

aq_isa aq_isa_best(void) {
  // Two threads may both detect: they store the same value.
  static _Atomic int cached = -1;
  int isa = cached;
  if (isa < 0) cached = isa = (int)detect();
  return (aq_isa)isa;
}
